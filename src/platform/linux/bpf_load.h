/* SPDX-License-Identifier: ISC */
/* libbpf, loaded by use. */
#ifndef PLATFORM_BPF_LOAD_H
#define PLATFORM_BPF_LOAD_H

#include <stdbool.h>

/* Loads it, once.  false with the reason. */
bool bpf_library(const char **ret_why);
/* They are not needed any more: the library leaves the address space. */
void bpf_library_done(void);

#endif
