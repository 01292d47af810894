// The functions a program starts with.

#include "lisp.h"

#include <math.h>

static double number_of(value v) {
    if (is_integer(v))
        return (double)integer_of(v);
    if (!is_number(v))
        fail("not a number", v);
    return cell_of(v)->number;
}

static value second(value list) { return first(rest(list)); }

// Folds numbers: exactly while all are integers, in floating point from the
// first other one on.
#define FOLD(NAME, START, OPERATOR)                                                                \
    static value NAME(value list) {                                                                \
        uint64_t exact = START;                                                                    \
        for (; is_pair(list) && is_integer(first(list)); list = rest(list))                        \
            exact = exact OPERATOR(uint64_t) integer_of(first(list));                              \
        if (list == NIL)                                                                           \
            return integer((int64_t)exact);                                                        \
        double sum = (double)(int64_t)exact;                                                       \
        for (; is_pair(list); list = rest(list))                                                   \
            sum = sum OPERATOR number_of(first(list));                                             \
        return make_number(sum);                                                                   \
    }

FOLD(add, 0, +)
FOLD(multiply, 1, *)

static value subtract(value list) {
    value from = first(list), by = rest(list);
    if (by == NIL)
        by = list, from = integer(0);
    if (is_integer(from) && is_integer(first(by)) && rest(by) == NIL)
        return integer((int64_t)((uint64_t)integer_of(from) - (uint64_t)integer_of(first(by))));
    double difference = number_of(from);
    for (; is_pair(by); by = rest(by))
        difference -= number_of(first(by));
    return make_number(difference);
}

static value divide(value list) {
    return make_number(number_of(first(list)) / number_of(second(list)));
}

static int64_t divisor(value list) {
    if (!is_integer(first(list)) || !is_integer(second(list)))
        fail("not two integers", list);
    int64_t by = integer_of(second(list));
    if (by == 0)
        fail("division by zero", list);
    return by;
}

static value quotient(value list) {
    int64_t by = divisor(list);
    return integer(integer_of(first(list)) / by);
}

static value remainder_of(value list) {
    int64_t by = divisor(list);
    return integer(integer_of(first(list)) % by);
}

#define COMPARE(NAME, OPERATOR)                                                                    \
    static value NAME(value list) {                                                                \
        value a = first(list), b = second(list);                                                   \
        if (is_integer(a) && is_integer(b))                                                        \
            return boolean(integer_of(a) OPERATOR integer_of(b));                                  \
        return boolean(number_of(a) OPERATOR number_of(b));                                        \
    }

COMPARE(less, <)
COMPARE(greater, >)
COMPARE(equal_numbers, ==)

static value square_root(value list) { return make_number(sqrt(number_of(first(list)))); }
static value floor_of(value list) {
    double whole = floor(number_of(first(list)));
    if (!(fabs(whole) < 0x1p60))
        fail("no such integer", first(list));
    return integer((int64_t)whole);
}
static value cons_of(value list) { return cons(first(list), second(list)); }
static value car(value list) { return first(first(list)); }
static value cdr(value list) { return rest(first(list)); }
static value list_of(value list) { return list; }
static value is_null(value list) { return boolean(first(list) == NIL); }
static value is_a_pair(value list) { return boolean(is_pair(first(list))); }
static value is_same(value list) { return boolean(first(list) == second(list)); }
static value not_true(value list) { return boolean(!is_true(first(list))); }
static value apply_to(value list) { return apply(first(list), second(list)); }
static value cells_used(value list) {
    (void)list;
    return integer(cell_count);
}

static value display(value list) {
    for (; is_pair(list); list = rest(list))
        print_value(stdout, first(list));
    return NIL;
}

static value newline(value list) {
    display(list);
    putchar('\n');
    return NIL;
}

static value failed(value list) { fail("error", list); }

void builtins_start(void) {
    static const struct {
        const char *name;
        builtin *run;
    } all[] = {
        {"+", add},          {"*", multiply},      {"-", subtract},          {"/", divide},
        {"<", less},         {">", greater},       {"=", equal_numbers},     {"sqrt", square_root},
        {"floor", floor_of}, {"cons", cons_of},    {"car", car},             {"cdr", cdr},
        {"list", list_of},   {"null?", is_null},   {"pair?", is_a_pair},     {"eq?", is_same},
        {"not", not_true},   {"apply", apply_to},  {"cells", cells_used},    {"display", display},
        {"print", newline},  {"error", failed},    {"quotient", quotient},   {"remainder", remainder_of},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        value name = symbol(all[i].name);
        define(name, make_builtin(name, all[i].run));
    }
}
