/* SPDX-License-Identifier: BSD-3-Clause */
/* clones.h - one binary for several generations of x86-64
 *
 * The loader picks the clone of a function for the processor at hand. Sanitizers and indirect
 * functions do not mix, and other machines have the portable build. */
#ifndef TAUFLOW_CLONES_H
#define TAUFLOW_CLONES_H

#if defined(__x86_64__) && !defined(TAUFLOW_NO_CLONES)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#endif
