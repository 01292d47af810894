// A small Lisp: what its parts share.
//
// Values are tagged words: integers of 62 bits hold themselves, everything else
// is an index into a heap of cells that only grows, because a C program cannot
// find its roots on a Wasm stack. Long computations therefore grow the memory.

#ifndef LISP_H
#define LISP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// The low two bits say what it is: 0 a number's index, 1 an integer, 2 a pair's
// index, 3 any other cell's index.
typedef uint64_t value;

enum kind { SYMBOL, STRING, BUILTIN, LAMBDA, CONSTANT };

typedef value builtin(value arguments);

struct cell {
    union {
        struct {
            value first, rest;
        } pair;
        double number;
        struct {
            enum kind kind;
            uint32_t len;
            uint32_t form; // of a SYMBOL: 1 + the special form it names, or 0
            const char *text;
        } text; // SYMBOL, STRING, CONSTANT
        struct {
            enum kind kind;
            uint32_t name; // the symbol's cell
            builtin *run;
        } builtin;
        struct {
            enum kind kind;
            uint32_t environment; // a pair's cell, or 0
            value code;           // (parameters . body)
        } lambda;
    };
};

// heap.c
extern value NIL, TRUE, FALSE;
extern struct cell *cells;
extern uint32_t cell_count;
value cons(value first, value rest);
value make_number(double number);
value make_text(enum kind kind, const char *text, size_t len);
value make_builtin(value name, builtin *run);
value make_lambda(value environment, value code);
value intern(const char *text, size_t len);
value symbol(const char *name);
value index_value(uint32_t index, unsigned tag);
void heap_start(void);
_Noreturn void fail(const char *what, value about);

static inline unsigned tag_of(value v) { return v & 3; }
static inline uint32_t index_of(value v) { return (uint32_t)(v >> 2); }
static inline struct cell *cell_of(value v) { return &cells[v >> 2]; }
static inline int is_number(value v) { return tag_of(v) == 0; }
static inline int is_integer(value v) { return tag_of(v) == 1; }
static inline int is_pair(value v) { return tag_of(v) == 2; }
static inline int is_kind(value v, enum kind kind) {
    return tag_of(v) == 3 && cell_of(v)->text.kind == kind;
}
static inline value integer(int64_t number) { return (uint64_t)number << 2 | 1; }
static inline int64_t integer_of(value v) { return (int64_t)v >> 2; }
static inline value boolean(int holds) { return holds ? TRUE : FALSE; }
static inline int is_true(value v) { return v != FALSE; }
value first(value pair);
value rest(value pair);

// text.c
int read_value(value *into); // 0 at the end of the input
void print_value(FILE *to, value v);

// eval.c
extern int64_t depth_limit;
value eval(value code, value environment);
value apply(value function, value arguments);
void define(value name, value as);
void forms_start(void);

// builtins.c
void builtins_start(void);

#endif
