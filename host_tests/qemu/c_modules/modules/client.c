// client.c: a C module that keeps its memory on galloc's shared heap.
//
//     import galloc_client
//     galloc_client.hold(1000)     a block that C keeps, over soft resets too, until drop()
//     galloc_client.hold(1000, 2)  the same, a new one in a bank with these attributes, here GALLOC_DMA
//     galloc_client.churn(1, 500)  allocates, reallocates and frees 500 times; how many operations that took

#include "py/runtime.h"

#include "galloc_shared.h"

#define LIVE (12)

static void *held;

// hold(size, wants=none) -> address of the block
static mp_obj_t hold(size_t n_args, const mp_obj_t *args) {
    mp_int_t size = mp_obj_get_int(args[0]);
    void *block = NULL;
    if (size >= 0 && n_args == 1) {
        block = galloc_shared_realloc(held, (size_t)size, 0);
    } else if (size >= 0) {
        block = galloc_shared_alloc_wants((size_t)size, 0, (uint32_t)mp_obj_get_int(args[1]));
    }
    if (block == NULL) {
        m_malloc_fail((size_t)size);
    }
    if (n_args != 1 && held != NULL) {
        galloc_shared_free(held);
    }
    held = block;
    return mp_obj_new_int_from_uint((uintptr_t)held);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(hold_obj, 1, 2, hold);

static mp_obj_t drop(void) {
    if (held != NULL) {
        galloc_shared_free(held);
        held = NULL;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(drop_obj, drop);

// churn(seed, rounds) -> operations; RuntimeError when a block has lost the mark of its owner.
static mp_obj_t churn(mp_obj_t seed_in, mp_obj_t rounds_in) {
    uint32_t owner = (uint32_t)mp_obj_get_int(seed_in);
    mp_int_t rounds = mp_obj_get_int(rounds_in);
    uint32_t *blocks[LIVE] = {NULL};
    uint32_t seed = owner;
    mp_int_t operations = 0;
    bool sound = true;
    for (mp_int_t i = 0; i < rounds && sound; ++i) {
        seed = seed * 1664525 + 1013904223;
        uint32_t **slot = &blocks[(seed >> 8) % LIVE];
        size_t size = 8 + (seed >> 16) % 200;
        uint32_t mark = owner << 16 | (uint32_t)(slot - blocks);
        sound = *slot == NULL || ((*slot)[0] == mark && (*slot)[1] == (uint32_t)(uintptr_t)*slot);
        if (sound && *slot != NULL && (seed & 0x1000)) {
            sound = galloc_shared_free(*slot) == GALLOC_OK;
            *slot = NULL;
        } else if (sound) {
            uint32_t *block = galloc_shared_realloc(*slot, size, 0);
            sound = block == NULL || *slot == NULL || block[0] == mark;
            *slot = block != NULL ? block : *slot;
            if (*slot != NULL) {
                (*slot)[0] = mark;
                (*slot)[1] = (uint32_t)(uintptr_t)*slot;
            }
        }
        operations++;
    }
    for (size_t i = 0; i < LIVE; ++i) {
        if (blocks[i] != NULL) {
            sound = galloc_shared_free(blocks[i]) == GALLOC_OK && sound;
            operations++;
        }
    }
    if (!sound) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("a block has lost its owner's mark"));
    }
    return mp_obj_new_int(operations);
}
static MP_DEFINE_CONST_FUN_OBJ_2(churn_obj, churn);

static const mp_rom_map_elem_t client_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_client)},
    {MP_ROM_QSTR(MP_QSTR_hold), MP_ROM_PTR(&hold_obj)},
    {MP_ROM_QSTR(MP_QSTR_drop), MP_ROM_PTR(&drop_obj)},
    {MP_ROM_QSTR(MP_QSTR_churn), MP_ROM_PTR(&churn_obj)},
};
static MP_DEFINE_CONST_DICT(client_globals, client_table);

const mp_obj_module_t galloc_client_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&client_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_client, galloc_client_module);
