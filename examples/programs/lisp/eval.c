// Evaluation: special forms, environments, calls.
//
// A call in tail position is a loop here; any other is a call in C, so that
// deep recursion in Lisp is deep recursion in Wasm.

#include "lisp.h"

#define GLOBALS 4096 // a power of two, indexed by the symbol's cell

int64_t depth_limit = 2000;
static int64_t depth;
static struct {
    value name, as;
} globals[GLOBALS];

static value *global_slot(value name) {
    for (uint32_t i = 0; i < GLOBALS; i++) {
        uint32_t at = (index_of(name) + i) % GLOBALS;
        if (globals[at].name == 0)
            globals[at].name = name;
        if (globals[at].name == name)
            return &globals[at].as;
    }
    fail("too many globals", name);
}

void define(value name, value as) {
    if (!is_kind(name, SYMBOL))
        fail("not a name", name);
    *global_slot(name) = as;
}

// An environment is a list of (name . value). The result is valid until a cell
// is taken, which may move them all.
static value *find(value name, value environment) {
    for (; is_pair(environment); environment = cell_of(environment)->pair.rest) {
        struct cell *binding = cell_of(cell_of(environment)->pair.first);
        if (binding->pair.first == name)
            return &binding->pair.rest;
    }
    value *slot = global_slot(name);
    if (*slot == 0)
        fail("no such variable", name);
    return slot;
}

static value eval_each(value list, value environment) {
    value head = NIL, last = NIL;
    for (; is_pair(list); list = rest(list)) {
        value cell = cons(eval(first(list), environment), NIL);
        if (head == NIL)
            head = cell;
        else
            cell_of(last)->pair.rest = cell;
        last = cell;
    }
    return head;
}

static value bind(value names, value arguments, value environment) {
    for (; is_pair(names); names = rest(names), arguments = rest(arguments)) {
        if (!is_pair(arguments))
            fail("too few arguments, no", first(names));
        environment = cons(cons(first(names), first(arguments)), environment);
    }
    if (names != NIL)
        return cons(cons(names, arguments), environment);
    if (arguments != NIL)
        fail("too many arguments", arguments);
    return environment;
}

static value lambda_environment(value lambda) {
    uint32_t index = cell_of(lambda)->lambda.environment;
    return index == 0 ? NIL : index_value(index, 2);
}

// What a form leaves to do: `code` in `environment`, or nothing but `result`.
struct step {
    value code, environment, result;
};

// Evaluates all of a body but its last form.
static void enter_body(struct step *step, value body) {
    if (body == NIL) {
        step->result = NIL;
        return;
    }
    for (; rest(body) != NIL; body = rest(body))
        eval(first(body), step->environment);
    step->code = first(body);
}

static void eval_if(struct step *step, value form) {
    value branches = rest(form);
    if (is_true(eval(first(form), step->environment)))
        step->code = first(branches);
    else if (rest(branches) == NIL)
        step->result = NIL;
    else
        step->code = first(rest(branches));
}

static void eval_cond(struct step *step, value clauses) {
    for (; is_pair(clauses); clauses = rest(clauses)) {
        value clause = first(clauses);
        if (is_true(eval(first(clause), step->environment))) {
            enter_body(step, rest(clause));
            return;
        }
    }
    step->result = NIL;
}

static void eval_define(struct step *step, value form) {
    value name = first(form);
    if (is_pair(name)) // (define (name . parameters) body...)
        define(first(name), make_lambda(step->environment, cons(rest(name), rest(form))));
    else
        define(name, eval(first(rest(form)), step->environment));
    step->result = NIL;
}

static void eval_let(struct step *step, value form) {
    value environment = step->environment;
    for (value list = first(form); is_pair(list); list = rest(list)) {
        value binding = first(list);
        value as = eval(first(rest(binding)), step->environment);
        environment = cons(cons(first(binding), as), environment);
    }
    step->environment = environment;
    enter_body(step, rest(form));
}

static void eval_set(struct step *step, value form) {
    value as = eval(first(rest(form)), step->environment);
    *find(first(form), step->environment) = as;
    step->result = as;
}

static void eval_while(struct step *step, value form) {
    while (is_true(eval(first(form), step->environment)))
        for (value body = rest(form); is_pair(body); body = rest(body))
            eval(first(body), step->environment);
    step->result = NIL;
}

static void eval_quote(struct step *step, value form) { step->result = first(form); }

static void eval_lambda(struct step *step, value form) {
    step->result = make_lambda(step->environment, form);
}

static void eval_begin(struct step *step, value form) { enter_body(step, form); }

static const struct form {
    const char *name;
    void (*enter)(struct step *step, value form);
} FORMS[] = {
    {"quote", eval_quote}, {"if", eval_if},         {"lambda", eval_lambda},
    {"let", eval_let},     {"cond", eval_cond},     {"define", eval_define},
    {"set!", eval_set},    {"begin", eval_begin},   {"while", eval_while},
};

void forms_start(void) {
    for (uint32_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        value name = symbol(FORMS[i].name);
        cell_of(name)->text.form = i + 1;
    }
}

static void call(struct step *step, value function, value arguments) {
    if (is_kind(function, BUILTIN)) {
        step->result = cell_of(function)->builtin.run(arguments);
    } else if (is_kind(function, LAMBDA)) {
        value code = cell_of(function)->lambda.code;
        step->environment = bind(first(code), arguments, lambda_environment(function));
        enter_body(step, rest(code));
    } else {
        fail("not a function", function);
    }
}

static value run(struct step step) {
    while (step.result == 0) {
        if (is_kind(step.code, SYMBOL))
            return *find(step.code, step.environment);
        if (!is_pair(step.code))
            return step.code;
        value head = first(step.code);
        uint32_t form = is_kind(head, SYMBOL) ? cell_of(head)->text.form : 0;
        if (form != 0) {
            FORMS[form - 1].enter(&step, rest(step.code));
            continue;
        }
        value function = eval(head, step.environment);
        call(&step, function, eval_each(rest(step.code), step.environment));
    }
    return step.result;
}

value eval(value code, value environment) {
    if (++depth > depth_limit)
        fail("recursion deeper than --depth", integer(depth_limit));
    value result = run((struct step){code, environment, 0});
    depth--;
    return result;
}

value apply(value function, value arguments) {
    struct step step = {0, NIL, 0};
    call(&step, function, arguments);
    return run(step);
}
