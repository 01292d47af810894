// Simulates a small solar system in double precision, or with `deep` measures
// how deep calls may nest.
//
//   orbit [STEPS]        leapfrog integration of a sun and seven planets
//   orbit deep N         N nested calls, every one through a function pointer
//
// Only additions, multiplications, divisions and square roots are used: IEEE
// 754 defines each to the last bit, so the output is the same on every host.

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A product and a sum must not be fused into one rounding, on any host.
#pragma STDC FP_CONTRACT OFF

#define BODIES 8
#define STEP 0.002

struct body {
    double at[3], speed[3], mass;
};

static double force_of(double distance_squared) {
    return 1.0 / (distance_squared * sqrt(distance_squared));
}

// Planets on nearly circular orbits, each a little tilted. The sun takes the
// opposite momentum, so that the whole stays where it is.
static void place(struct body bodies[BODIES]) {
    memset(bodies, 0, BODIES * sizeof *bodies);
    bodies[0].mass = 1.0;
    for (int i = 1; i < BODIES; i++) {
        struct body *planet = &bodies[i];
        double radius = 0.4 + 0.45 * i * i / 4.0, tilt = 0.01 * i;
        double speed = sqrt(1.0 / radius);
        planet->mass = 0.00002 * i;
        planet->at[i % 2] = i % 3 == 0 ? -radius : radius;
        planet->at[2] = tilt * radius;
        planet->speed[1 - i % 2] = i % 4 < 2 ? speed : -speed;
        for (int axis = 0; axis < 3; axis++)
            bodies[0].speed[axis] -= planet->mass * planet->speed[axis];
    }
}

static void kick(struct body bodies[BODIES], double time) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            struct body *a = &bodies[i], *b = &bodies[j];
            double gap[3], squared = 0.0;
            for (int axis = 0; axis < 3; axis++) {
                gap[axis] = b->at[axis] - a->at[axis];
                squared += gap[axis] * gap[axis];
            }
            double pull = time * force_of(squared);
            for (int axis = 0; axis < 3; axis++) {
                a->speed[axis] += gap[axis] * (pull * b->mass);
                b->speed[axis] -= gap[axis] * (pull * a->mass);
            }
        }
    }
}

static void drift(struct body bodies[BODIES], double time) {
    for (int i = 0; i < BODIES; i++)
        for (int axis = 0; axis < 3; axis++)
            bodies[i].at[axis] += time * bodies[i].speed[axis];
}

static double energy(const struct body bodies[BODIES]) {
    double sum = 0.0;
    for (int i = 0; i < BODIES; i++) {
        double squared = 0.0;
        for (int axis = 0; axis < 3; axis++)
            squared += bodies[i].speed[axis] * bodies[i].speed[axis];
        sum += 0.5 * bodies[i].mass * squared;
        for (int j = i + 1; j < BODIES; j++) {
            double apart = 0.0;
            for (int axis = 0; axis < 3; axis++) {
                double gap = bodies[i].at[axis] - bodies[j].at[axis];
                apart += gap * gap;
            }
            sum -= bodies[i].mass * bodies[j].mass / sqrt(apart);
        }
    }
    return sum;
}

static void print_state(long step, const struct body bodies[BODIES]) {
    printf("step %ld energy %.15e\n", step, energy(bodies));
    for (int i = 0; i < BODIES; i++) {
        uint64_t bits;
        memcpy(&bits, &bodies[i].at[0], sizeof bits);
        printf("  body %d at %+.12f %+.12f %+.12f (x bits %016" PRIx64 ")\n", i, bodies[i].at[0],
               bodies[i].at[1], bodies[i].at[2], bits);
    }
}

static int simulate(long steps) {
    struct body bodies[BODIES];
    place(bodies);
    print_state(0, bodies);
    for (long i = 0; i < steps; i++) {
        drift(bodies, STEP / 2);
        kick(bodies, STEP);
        drift(bodies, STEP / 2);
    }
    print_state(steps, bodies);
    return 0;
}

typedef uint64_t nested(uint64_t depth, uint64_t sum);

static nested odd_level, even_level;
// Volatile: each call goes through the table, and cannot become a loop.
static nested *volatile LEVELS[2] = {even_level, odd_level};

static uint64_t even_level(uint64_t depth, uint64_t sum) {
    if (depth == 0)
        return sum;
    return LEVELS[(depth - 1) % 2](depth - 1, sum + depth) * 3 + 1;
}

static uint64_t odd_level(uint64_t depth, uint64_t sum) {
    return LEVELS[(depth - 1) % 2](depth - 1, sum ^ depth) * 5 + 2;
}

static int nest(uint64_t depth) {
    printf("%" PRIu64 " calls deep:", depth);
    fflush(stdout);
    printf(" %016" PRIx64 "\n", LEVELS[depth % 2](depth, 0));
    return 0;
}

static long number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0) {
        fprintf(stderr, "orbit: not a number of steps or calls: %s\n", text);
        exit(1);
    }
    return value;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "deep") == 0)
        return nest((uint64_t)number(argv[2]));
    return simulate(argc > 1 ? number(argv[1]) : 1000);
}
