/* SPDX-License-Identifier: BSD-3-Clause */
/* A command line, its words ending in newlines. */
#include "cli.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

enum { WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct faults faults = {0};
  char *text = fail_alloc(size + 1, 1), *rest = text, *word[WORDS + 2] = {"tauflow"};
  int words = 1;

  memcpy(text, data, size);
  while (words <= WORDS && (word[words] = strsep(&rest, "\n"))) words++;
  word[words] = NULL;
  struct cli cli = cli_read(words, word, &faults);
  PROMISE(cli.sets <= words && cli.subjects <= words);
  for (int k = 0; k < cli.sets; k++) PROMISE(cli.set[k]);
  for (int k = 0; k < cli.subjects; k++) PROMISE(cli.subject_list[k]);
  cli_free(&cli);
  fuzz_judge(&faults);
  free(text);
  return 0;
}
