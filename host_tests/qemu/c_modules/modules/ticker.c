// ticker.c: a hard interrupt handler in C, SysTick's, that allocates and frees on the shared heap; on QEMU's MPS2.
//
//     import galloc_ticker
//     galloc_ticker.start(5000)    an interrupt each 5000 ticks of the processor's clock
//     galloc_ticker.stop()         (interrupts, faults, the longest that one had to wait, in ticks)

#if defined(QEMU_SOC_MPS2)

#include "py/runtime.h"

#include "galloc_shared.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define VTOR (*(volatile uint32_t *)0xE000ED08)
#define VECTOR_SYSTICK (15)
#define LIVE (8)

static uint32_t vectors[16] __attribute__((aligned(128)));
static uint32_t *blocks[LIVE];
static uint32_t interrupts, faults, longest;

static void tick(void) {
    uint32_t waited = SYST_RVR - SYST_CVR;
    longest = waited > longest ? waited : longest;
    uint32_t **slot = &blocks[interrupts++ % LIVE];
    if (*slot != NULL) {
        faults += (*slot)[0] != (uint32_t)(uintptr_t)slot || galloc_shared_free(*slot) != GALLOC_OK;
        *slot = NULL;
    } else {
        *slot = galloc_shared_alloc(8 + interrupts % 120, 0);
        if (*slot != NULL) {
            (*slot)[0] = (uint32_t)(uintptr_t)slot;
        }
    }
}

static mp_obj_t start(mp_obj_t period) {
    const uint32_t *flash = (const uint32_t *)VTOR;
    for (size_t i = 0; i < MP_ARRAY_SIZE(vectors); ++i) {
        __asm("" : "+r"(flash)); // the table lies at address 0, which the compiler takes for NULL
        vectors[i] = flash[i];
    }
    vectors[VECTOR_SYSTICK] = (uint32_t)(uintptr_t)tick;
    VTOR = (uint32_t)(uintptr_t)vectors;
    interrupts = faults = longest = 0;
    SYST_RVR = (uint32_t)mp_obj_get_int(period) - 1;
    SYST_CVR = 0;
    SYST_CSR = 7; // on, with its interrupt, by the processor's clock
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(start_obj, start);

static mp_obj_t stop(void) {
    SYST_CSR = 0;
    for (size_t i = 0; i < LIVE; ++i) {
        if (blocks[i] != NULL) {
            faults += galloc_shared_free(blocks[i]) != GALLOC_OK;
            blocks[i] = NULL;
        }
    }
    mp_obj_t item[] = {mp_obj_new_int_from_uint(interrupts), mp_obj_new_int_from_uint(faults),
                       mp_obj_new_int_from_uint(longest)};
    return mp_obj_new_tuple(3, item);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stop_obj, stop);

static const mp_rom_map_elem_t ticker_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_ticker)},
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&start_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&stop_obj)},
};
static MP_DEFINE_CONST_DICT(ticker_globals, ticker_table);

const mp_obj_module_t galloc_ticker_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&ticker_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_ticker, galloc_ticker_module);

#endif
