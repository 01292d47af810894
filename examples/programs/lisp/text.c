// Reading and printing values.

#include "lisp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ATOM_MAX 255

static int next_char(void) {
    for (;;) {
        int c = getchar();
        if (c == ';')
            while (c != '\n' && c != EOF)
                c = getchar();
        if (c == EOF || !isspace(c))
            return c;
    }
}

static value read_from(int c);

static value read_required(void) {
    int c = next_char();
    if (c == EOF)
        fail("the input ends inside a list", 0);
    return read_from(c);
}

static value read_list(void) {
    value head = NIL, last = NIL;
    for (;;) {
        int c = next_char();
        if (c == ')')
            return head;
        if (c == EOF)
            fail("the input ends inside a list", 0);
        value cell = cons(read_from(c), NIL);
        if (head == NIL)
            head = cell;
        else
            cell_of(last)->pair.rest = cell;
        last = cell;
    }
}

static value read_string(void) {
    char text[ATOM_MAX + 1];
    size_t len = 0;
    for (int c = getchar(); c != '"'; c = getchar()) {
        if (c == '\\' && (c = getchar()) == 'n')
            c = '\n';
        if (c == EOF)
            fail("the input ends inside a string", 0);
        if (len == ATOM_MAX)
            fail("a string is too long", 0);
        text[len++] = (char)c;
    }
    return make_text(STRING, text, len);
}

static value read_atom(int c) {
    char text[ATOM_MAX + 1], *end;
    size_t len = 0;
    while (c != EOF && !isspace(c) && c != '(' && c != ')' && c != '"' && c != ';') {
        if (len == ATOM_MAX)
            fail("a name is too long", 0);
        text[len++] = (char)c;
        c = getchar();
    }
    ungetc(c, stdin);
    text[len] = '\0';
    if (strcmp(text, "#t") == 0 || strcmp(text, "#f") == 0)
        return boolean(text[1] == 't');
    int numeric = isdigit(text[0]) || ((text[0] == '-' || text[0] == '.') && isdigit(text[1]));
    if (!numeric)
        return intern(text, len);
    long long whole = strtoll(text, &end, 10);
    if (*end == '\0')
        return integer(whole);
    double number = strtod(text, &end);
    if (*end != '\0')
        fail("not a number", intern(text, len));
    return make_number(number);
}

static value read_from(int c) {
    if (c == '(')
        return read_list();
    if (c == ')')
        fail("a parenthesis too many", 0);
    if (c == '"')
        return read_string();
    if (c == '\'')
        return cons(symbol("quote"), cons(read_required(), NIL));
    return read_atom(c);
}

int read_value(value *into) {
    int c = next_char();
    if (c == EOF)
        return 0;
    *into = read_from(c);
    return 1;
}

static void print_list(FILE *to, value v) {
    putc('(', to);
    print_value(to, first(v));
    for (v = rest(v); is_pair(v); v = rest(v)) {
        putc(' ', to);
        print_value(to, first(v));
    }
    if (v != NIL) {
        fprintf(to, " . ");
        print_value(to, v);
    }
    putc(')', to);
}

void print_value(FILE *to, value v) {
    if (is_integer(v)) {
        fprintf(to, "%" PRId64, integer_of(v));
    } else if (is_number(v)) {
        fprintf(to, "%.15g", cell_of(v)->number);
    } else if (is_pair(v)) {
        print_list(to, v);
    } else if (is_kind(v, LAMBDA)) {
        fprintf(to, "#<lambda>");
    } else if (is_kind(v, BUILTIN)) {
        fprintf(to, "#<builtin %s>", cells[cell_of(v)->builtin.name].text.text);
    } else {
        fwrite(cell_of(v)->text.text, 1, cell_of(v)->text.len, to);
    }
}
