// Uses one of everything that a command-line program asks of WASI, and prints
// what it got in a form that is the same on every host.
//
//   probe [PATH...]       arguments, environment, clocks, random bytes, formats;
//                         then each PATH: a file's sums, or a directory's entries
//   probe say WORDS...    arguments and environment only
//   probe create PATH     tries to make a file: "refused" and 1, or "created" and 0
//   probe exit N          ends with status N
//   probe echo            copies standard input to output, counts to error output
//
// Ends with 1 when a path cannot be read or a check fails.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int failures;

static void check(const char *what, int holds) {
    printf("%s: %s\n", what, holds ? "ok" : "WRONG");
    failures += !holds;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void show_arguments(int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        printf("argument %d: %s\n", i, i == 0 ? "(the program)" : argv[i]);
    int count = 0;
    while (environ[count] != NULL)
        count++;
    qsort(environ, (size_t)count, sizeof *environ, by_name);
    for (int i = 0; i < count; i++)
        printf("environment: %s\n", environ[i]);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return -1.0;
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check_clocks(void) {
    double first = seconds(CLOCK_MONOTONIC);
    volatile double work = 0.0;
    for (int i = 0; i < 1000; i++)
        work += sqrt(i);
    check("monotonic clock does not go back", first >= 0.0 && seconds(CLOCK_MONOTONIC) >= first);
    check("wall clock is past 2023", seconds(CLOCK_REALTIME) > 1.7e9);
}

static void check_random(void) {
    uint8_t first[64] = {0}, second[64] = {0};
    int filled = getentropy(first, sizeof first) == 0 && getentropy(second, sizeof second) == 0;
    check("random bytes differ", filled && memcmp(first, second, sizeof first) != 0);
}

static void show_formats(void) {
    printf("integers: %d %u %lld %#llx %o\n", INT32_MIN, UINT32_MAX, (long long)INT64_MIN,
           (unsigned long long)UINT64_MAX, 0755);
    printf("floats: %.17g %.10e %a %f %g %g\n", 0.1, M_PI * 1e100, 1.0 / 3.0, -2.5, INFINITY,
           strtod("4.9e-324", NULL));
    printf("functions: %.12f %.12f %.12f %.12f\n", sin(1.0), exp(1.5), log(10.0), pow(2.0, 0.5));
    printf("rounding: %g %g %g %g %ld\n", floor(-1.5), ceil(-1.5), trunc(-1.5), nearbyint(2.5),
           lrint(-3.5));
}

static void show_file(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("file %s: %s\n", path, strerror(errno));
        failures++;
        return;
    }
    char line[256];
    unsigned long bytes = 0, lines = 0, sum = 0;
    size_t got;
    while ((got = fread(line, 1, sizeof line, file)) > 0) {
        bytes += got;
        for (size_t i = 0; i < got; i++)
            sum = sum * 31 + (unsigned char)line[i], lines += line[i] == '\n';
    }
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    int first = fgetc(file);
    fclose(file);
    printf("file %s: %lu bytes, %lu lines, sum %08lx, end %ld, first byte %d\n", path, bytes, lines,
           sum & 0xffffffff, end, first);
}

static void show_directory(const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("directory %s: %s\n", path, strerror(errno));
        failures++;
        return;
    }
    char *names[256];
    size_t count = 0;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL && count < 256)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    printf("directory %s: %zu entries\n", path, count);
    for (size_t i = 0; i < count; i++) {
        char full[512];
        struct stat status;
        snprintf(full, sizeof full, "%s/%s", path, names[i]);
        if (stat(full, &status) != 0)
            printf("  %s: %s\n", names[i], strerror(errno));
        else if (S_ISDIR(status.st_mode))
            printf("  %s/\n", names[i]);
        else
            printf("  %s %lld bytes\n", names[i], (long long)status.st_size);
        free(names[i]);
    }
}

static int create(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    printf("%s: %s\n", path, fd < 0 ? "refused" : "created");
    if (fd >= 0)
        unlink(path);
    return fd < 0;
}

static int echo(void) {
    static char buffer[4096];
    size_t total = 0, got;
    while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        fwrite(buffer, 1, got, stdout);
        total += got;
    }
    fprintf(stderr, "probe: %zu bytes\n", total);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "exit") == 0)
        exit(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "echo") == 0)
        return echo();
    if (argc == 3 && strcmp(argv[1], "create") == 0)
        return create(argv[2]);
    show_arguments(argc, argv);
    if (argc > 1 && strcmp(argv[1], "say") == 0)
        return 0;
    check_clocks();
    check_random();
    show_formats();
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            show_directory(argv[i]);
        } else {
            show_file(argv[i]);
        }
    }
    return failures > 0;
}
