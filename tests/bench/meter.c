/*
 * Runs a program and writes what it took, all its threads and children that it waited for together.
 *
 * usage: meter FILE PROGRAM [ARGUMENT...]
 *
 * FILE gets one JSON object. A program of its own, because a process inherits its parent's peak of memory when it is
 * started: this one's is smaller than any that it measures. Exits as PROGRAM does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long us(struct timeval t)
{
    return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
    int status = 0;
    struct rusage u;
    if (argc < 3) {
        fprintf(stderr, "usage: meter FILE PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    FILE *out = fopen(argv[1], "we");
    if (out == NULL) {
        perror(argv[1]);
        return 73;
    }
    long long began = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &u) != pid) {
        perror("meter");
        return 70;
    }
    fprintf(out, "{\"wall_us\":%lld,\"user_us\":%lld,\"sys_us\":%lld,\"peak_kib\":%ld}\n",
            now_us() - began, us(u.ru_utime), us(u.ru_stime), u.ru_maxrss);
    if (fclose(out) != 0)
        return 74;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
