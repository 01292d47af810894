// A small Lisp interpreter: evaluates the forms on standard input.
//
//   lisp [--depth N]
//
// Prints what the program prints, and the value of each form that has one. An
// error ends it with status 1. `--depth` moves the limit of nested evaluations,
// which is 2000; far beyond it the C stack ends, and that is a trap.

#include "lisp.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--depth") == 0) {
        depth_limit = strtoll(argv[2], NULL, 10);
    } else if (argc != 1) {
        fprintf(stderr, "usage: lisp [--depth N] < program\n");
        return 2;
    }
    heap_start();
    forms_start();
    builtins_start();
    value form;
    while (read_value(&form)) {
        value result = eval(form, NIL);
        if (result != NIL) {
            print_value(stdout, result);
            putchar('\n');
        }
    }
    return 0;
}
