// Runs files through the fuzzer's target: replay FILE...

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern unsigned long fuzz_operations;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    static uint8_t data[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 2;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        fprintf(stderr, "%s\n", argv[i]); // the last one named is the one that failed
        uint8_t *exact = malloc(size + 1);
        for (size_t k = 0; k < size; k++) {
            exact[k] = data[k];
        }
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d files, %lu operations\n", argc - 1, fuzz_operations);
    return 0;
}
