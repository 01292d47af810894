// Goes out of bounds on purpose: the runtime must trap, and say where.
//
//   overrun [walk|straddle|before|far|read|fill|copy]        (default: walk)
//
// Each way is a function of its own name. Each says on standard output, in one
// line, what it is about to do; none comes back.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED __attribute__((noinline, used))

// Hides from the optimizer where a pointer came from, so that the access below
// stays as written.
#define OPAQUE(pointer) __asm__ volatile("" : "+r"(pointer))

static uintptr_t memory_end(void) { return __builtin_wasm_memory_size(0) * 65536; }

static void announce(const char *what, uintptr_t address, size_t bytes) {
    printf("memory of %zu bytes: %s of %zu bytes at %zu\n", (size_t)memory_end(), what, bytes,
           (size_t)address);
    fflush(stdout);
}

// Writes words upward until the memory ends: traps at its length.
NAMED void walk_past_the_end(void) {
    announce("4-byte stores up to the end, the last", memory_end(), 4);
    volatile uint32_t *word = (volatile uint32_t *)(memory_end() - 4096);
    OPAQUE(word);
    for (;;)
        *word++ = 0xdeadbeef;
}

// The first bytes are inside, the last ones are not: nothing may be written.
NAMED void straddle_the_end(void) {
    volatile char *last = (volatile char *)(memory_end() - 3);
    announce("a store across the end", memory_end() - 3, 8);
    struct __attribute__((packed)) unaligned {
        uint64_t value;
    };
    OPAQUE(last);
    ((volatile struct unaligned *)last)->value = 0x0123456789abcdef;
}

// One byte below address 0, which is the last byte of the address space.
NAMED void write_before_the_start(void) {
    announce("a store below the start", UINTPTR_MAX, 1);
    volatile char *byte = (volatile char *)UINTPTR_MAX;
    OPAQUE(byte);
    *byte = 1;
}

struct far {
    char pad[0x10000];
    uint32_t field;
};

// Base + offset exceeds 32 bits: it must not come round to a low address.
NAMED void write_beyond_4_gib(void) {
    printf("memory of %zu bytes: a store of 4 bytes at %llu\n", (size_t)memory_end(),
           (unsigned long long)0xffffff00 + offsetof(struct far, field));
    fflush(stdout);
    volatile struct far *far = (volatile struct far *)0xffffff00;
    OPAQUE(far);
    far->field = 1;
}

NAMED void read_past_the_end(void) {
    announce("a load", memory_end() + 16, 8);
    volatile uint64_t *word = (volatile uint64_t *)(memory_end() + 16);
    OPAQUE(word);
    printf("read %llu\n", (unsigned long long)*word);
}

NAMED void fill_past_the_end(void) {
    announce("a fill", memory_end() - 100, 200);
    char *to = (char *)(memory_end() - 100);
    size_t len = 200;
    OPAQUE(to);
    OPAQUE(len);
    __builtin_memset(to, 0x5a, len);
    OPAQUE(to);
}

NAMED void copy_past_the_end(void) {
    announce("a copy", memory_end() - 100, 200);
    char *from = (char *)4096, *to = (char *)(memory_end() - 100);
    size_t len = 200;
    OPAQUE(from);
    OPAQUE(to);
    OPAQUE(len);
    __builtin_memmove(to, from, len);
    OPAQUE(to);
}

static const struct way {
    const char *name;
    void (*run)(void);
} WAYS[] = {
    {"walk", walk_past_the_end},   {"straddle", straddle_the_end}, {"before", write_before_the_start},
    {"far", write_beyond_4_gib},   {"read", read_past_the_end},    {"fill", fill_past_the_end},
    {"copy", copy_past_the_end},
};

int main(int argc, char **argv) {
    const char *wanted = argc > 1 ? argv[1] : WAYS[0].name;
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        if (strcmp(WAYS[i].name, wanted) != 0)
            continue;
        WAYS[i].run();
        fprintf(stderr, "overrun: %s: still here, so the runtime let it pass\n", wanted);
        return 1;
    }
    fprintf(stderr, "overrun: no way called %s\n", wanted);
    return 2;
}
