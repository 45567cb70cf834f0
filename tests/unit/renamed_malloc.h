// The runtime's abi/malloc.cpp under names of its own, rt0_malloc and so on, beside the host's. In
// one source of a program, which also has to have rt0_errno_location.
#pragma once

#include <cerrno>
#include <cstdlib>

#include <malloc.h>

#define malloc rt0_malloc
#define free rt0_free
#define calloc rt0_calloc
#define realloc rt0_realloc
#define reallocarray rt0_reallocarray
#define aligned_alloc rt0_aligned_alloc
#define memalign rt0_memalign
#define posix_memalign rt0_posix_memalign
#define malloc_usable_size rt0_malloc_usable_size
#define __errno_location rt0_errno_location
#include "abi/malloc.cpp" // NOLINT(bugprone-suspicious-include)
