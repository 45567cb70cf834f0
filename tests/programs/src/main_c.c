/* A program in C. Its status tells what it got. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int ended;
static void at_end(void) {
    ended = 1;
}

int main(int argc, char** argv, char** envp) {
    atexit(at_end);
    if (argc != 2 || strcmp(argv[1], "argument") != 0 || argv[2] != NULL) {
        return 1;
    }
    if (envp[0] == NULL || strcmp(envp[0], "NAME=value") != 0 || envp[1] != NULL) {
        return 2;
    }
    char* const copy = malloc(strlen(argv[1]) + 1);
    strcpy(copy, argv[1]);
    const int same = strcmp(copy, argv[1]) == 0;
    free(copy);
    if (!same || strcmp(getenv("NAME"), "value") != 0) {
        return 3;
    }
    exit(42);
}
