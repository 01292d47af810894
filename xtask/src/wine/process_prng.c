/* Rust's standard library takes random numbers from bcryptprimitives.dll, which older releases of
   Wine lack. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return RtlGenRandom(data, (ULONG)length);
}
