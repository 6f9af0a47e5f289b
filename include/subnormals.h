/* SPDX-License-Identifier: BSD-3-Clause */
/* subnormals.h - numbers too small for full precision count as zero
 *
 * What a silent unit still says falls by e^(-h/tau) a step and soon lies below 1.2e-38, where
 * single precision loses digits. Many processors take a hundred times as long over such numbers,
 * though nothing is learnt from them. */
#ifndef TAUFLOW_SUBNORMALS_H
#define TAUFLOW_SUBNORMALS_H

/* From now on this thread, and those it starts, read and write 0 for numbers below 2.2e-308
 * (1.2e-38 in single precision), where the processor can (x86-64, ARMv8). Local. */
void subnormals_flush(void);

#endif
