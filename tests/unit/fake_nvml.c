/* A libnvidia-ml.so.1 for machines without a GPU: device 0 is whole, device 1 is divided by
   MIG and so has no utilization, device 2 fell off the bus. */
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, SMALL = 7, DRIVER = 9, LOST = 15 };
enum { WHOLE = 1, DIVIDED = 2, INSTANCE = 3 };

typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu, compute; } Process;

static long kind(void *handle) { return (long)handle; }

int nvmlInitWithFlags(unsigned flags) { return getenv("FAKE_NVML_BROKEN") ? DRIVER : SUCCESS; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, "550.54", size); return SUCCESS; }
int nvmlSystemGetCudaDriverVersion(int *version) { *version = 12040; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    if (index == 2) return LOST;
    *handle = (void *)(long)(index + 1);
    return SUCCESS;
}

int nvmlDeviceGetName(void *handle, char *name, unsigned size) {
    strncpy(name, kind(handle) == WHOLE ? "NVIDIA A100-SXM4-40GB" : "NVIDIA H100 PCIe", size);
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *handle, Utilization *rates) {
    if (kind(handle) != WHOLE) return NOT_SUPPORTED;
    rates->gpu = 87;
    rates->memory = 41;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *handle, Memory *memory) {
    memory->total = 1000ull << 20;
    memory->used = (unsigned long long)kind(handle) << 20;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetPowerUsage(void *handle, unsigned *milliwatts) { *milliwatts = 250123; return SUCCESS; }
int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *celsius) { *celsius = 61; return SUCCESS; }

int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) {
    *count = kind(handle) == DIVIDED ? 2 : 0;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **instance) {
    if (kind(handle) != DIVIDED || index > 0) return NOT_FOUND;
    *instance = (void *)(long)INSTANCE;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, Process *processes) {
    if (kind(handle) != WHOLE) return INVALID;
    if (processes == NULL) { *count = 1; return SMALL; }
    *count = 1;
    memset(processes, 0, sizeof(Process));
    processes[0].pid = 4711;
    return SUCCESS;
}
