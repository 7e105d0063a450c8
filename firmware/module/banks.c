// banks.c: the board's regions as banks: by their attributes, and with one kind of handle for all.
//
// The functions of the shared heap (galloc.alloc, galloc.malloc and so on) take wants="DMA|FAST", the attributes that a
// bank must have. Requests go to the first such bank with room, in the order of regions(); other functions to the first
// such bank. A raw handle of these functions has the number of its bank above the offset, so those of the first region are
// its offsets:
//
//   29  27 26                      0
//   | bank | offset in the region  |        a small int on 32-bit targets, too
//
// A bank that is damaged refuses what concerns it; requests go to the others.

#include "glue.h"

#if !GALLOC_NATMOD

#include "galloc_banks.h"
#include "shared.h"

// --- Attributes

static const char *const attribute_names[] = {"FAST", "DMA", "EXTERNAL", "PERSIST"};
_Static_assert(GALLOC_FAST == 1 && GALLOC_DMA == 2 && GALLOC_EXTERNAL == 4 && GALLOC_PERSIST == 8, "in this order");

// The bit of a name, or 0.
static uint32_t banks_bit(const char *text, size_t length) {
    for (size_t i = 0; i < MP_ARRAY_SIZE(attribute_names); ++i) {
        if (strlen(attribute_names[i]) == length && memcmp(attribute_names[i], text, length) == 0) {
            return (uint32_t)1 << i;
        }
    }
    return 0;
}

// The attributes in a text such as "FAST|DMA". False at a name that does not exist.
static bool banks_parse(const char *text, size_t length, uint32_t *attributes) {
    *attributes = 0;
    for (size_t at = 0; at < length; ++at) {
        size_t end = at;
        while (end < length && text[end] != '|') {
            end++;
        }
        uint32_t bit = banks_bit(text + at, end - at);
        if (bit == 0) {
            return false;
        }
        *attributes |= bit;
        at = end;
    }
    return true;
}

// OSError ENODEV with the names of these attributes.
static GLUE_NORETURN void banks_raise(uint32_t attributes) {
    vstr_t text;
    vstr_init(&text, 32);
    for (size_t i = 0; i < MP_ARRAY_SIZE(attribute_names); ++i) {
        if (attributes >> i & 1) {
            vstr_add_str(&text, text.len != 0 ? "|" : "");
            vstr_add_str(&text, attribute_names[i]);
        }
    }
    const mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(MP_ENODEV), mp_obj_new_str(text.buf, text.len)};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, MP_ARRAY_SIZE(args), args));
}

bool galloc_banks_parse(mp_obj_t text, uint32_t *attributes) {
    size_t length;
    const char *data = mp_obj_str_get_data(text, &length);
    return banks_parse(data, length, attributes);
}

uint32_t galloc_banks_wanted(mp_obj_t wants) {
    uint32_t attributes = 0;
    if (wants != mp_const_none && !galloc_banks_parse(wants, &attributes)) {
        galloc_raise_value("attributes are FAST, DMA, EXTERNAL, PERSIST, with | between them");
    }
    return attributes;
}

size_t galloc_bank_next(uint32_t wants, size_t from) {
    size_t count;
    const galloc_board_region_t *region = galloc_board_regions(&count);
    for (; from < count; ++from) {
        uint32_t has;
        banks_parse(region[from].attributes, strlen(region[from].attributes), &has);
        if ((wants & ~has) == 0) {
            return from;
        }
    }
    return GALLOC_REGIONS_MAX;
}

size_t galloc_bank_with(uint32_t wants) {
    size_t bank = galloc_bank_next(wants, 0);
    if (bank == GALLOC_REGIONS_MAX && wants == 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    if (bank == GALLOC_REGIONS_MAX) {
        // Those that no bank has; all, if there is one for each but none for all of them.
        uint32_t nowhere = 0;
        for (uint32_t bit = 1; bit <= wants; bit <<= 1) {
            nowhere |= (wants & bit) != 0 && galloc_bank_next(bit, 0) == GALLOC_REGIONS_MAX ? bit : 0;
        }
        banks_raise(nowhere != 0 ? nowhere : wants);
    }
    return bank;
}

galloc_heap_obj_t *galloc_choose(galloc_choice_t *choice, size_t from) {
    while ((choice->bank = galloc_bank_next(choice->wants, from)) != GALLOC_REGIONS_MAX) {
        galloc_heap_obj_t *heap = galloc_shared_bank(choice->state, choice->bank);
        if (galloc_trouble(heap) == NULL) {
            return heap;
        }
        from = choice->bank + 1;
    }
    return NULL;
}

// --- Calls of the functions of the shared heap

// A call, with its arguments in a place where they can be changed, `wants` apart.
typedef struct {
    const galloc_method_t *method;
    size_t n_args, n_kw;
    mp_obj_t args[12];
    bool wanting; // there was a `wants`
    galloc_choice_t choice;
} banks_call_t;

static mp_obj_t banks_handle(const galloc_heap_obj_t *heap, size_t bank, const void *payload) {
    size_t offset = (size_t)((const uint8_t *)payload - heap->region);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)(offset | bank << GALLOC_HANDLE_SHIFT));
}

// The size and alignment behind `before` other arguments.
static void banks_request(const banks_call_t *call, size_t before, size_t *size, size_t *align) {
    const mp_arg_t allowed[] = {
        {MP_QSTR_size, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_align, MP_ARG_OBJ, {.u_obj = MP_OBJ_NEW_SMALL_INT(8)}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    galloc_method_count(call->method, call->n_args, call->n_kw);
    mp_arg_parse_all_kw_array(call->n_args - before, call->n_kw, call->args + before, MP_ARRAY_SIZE(allowed), allowed,
                              values);
    *size = galloc_get_size(values[0].u_obj);
    *align = galloc_get_align(values[1].u_obj);
}

// A block in the first bank that serves, but not in `tried`; NULL and no heap where none does.
static uint8_t *banks_find_room(banks_call_t *call, size_t size, size_t align, const galloc_heap_obj_t *tried,
                                galloc_heap_obj_t **heap) {
    galloc_bank_with(call->choice.wants);
    uint8_t *payload = NULL;
    for (size_t from = 0; payload == NULL; from = call->choice.bank + 1) {
        *heap = galloc_choose(&call->choice, from);
        if (*heap == NULL) {
            return NULL;
        }
        payload = *heap == tried ? NULL : galloc_locked_alloc((*heap)->heap, size, align);
    }
    return payload;
}

// After a request that found nothing: ValueError when a bank that serves is damaged, else a handle of 0.
static mp_obj_t banks_none(const banks_call_t *call, size_t size, size_t align) {
    const galloc_choice_t *choice = &call->choice;
    for (size_t bank = 0; (bank = galloc_bank_next(choice->wants, bank)) != GALLOC_REGIONS_MAX; ++bank) {
        const galloc_heap_obj_t *heap = galloc_shared_bank(choice->state, bank);
        galloc_verify(heap);
        galloc_explain_failure(heap, size, align);
    }
    return MP_OBJ_NEW_SMALL_INT(0);
}

// malloc and calloc
static mp_obj_t banks_malloc(banks_call_t *call) {
    size_t size, align;
    galloc_heap_obj_t *heap;
    banks_request(call, 0, &size, &align);
    uint8_t *payload = banks_find_room(call, size, align, NULL, &heap);
    if (payload == NULL) {
        return banks_none(call, size, align);
    }
    if (call->method->fun == galloc_heap_calloc) {
        memset(payload, 0, size);
    }
    return banks_handle(heap, call->choice.bank, payload);
}

static mp_obj_t banks_alloc(banks_call_t *call) {
    galloc_method_count(call->method, call->n_args, call->n_kw);
    size_t bank = galloc_bank_with(call->choice.wants);
    galloc_heap_obj_t *heap = galloc_choose(&call->choice, 0);
    if (heap == NULL) {
        heap = galloc_shared_bank(call->choice.state, bank); // which says what the matter is
    }
    return galloc_block_alloc(heap, NULL, &call->choice, call->n_args, call->n_kw, call->args);
}

// realloc of a block in this bank: there if that has what is wanted and room, else in another.
static mp_obj_t banks_realloc(banks_call_t *call, size_t bank) {
    size_t size, align, usable = 0;
    galloc_heap_obj_t *own = galloc_shared_bank(call->choice.state, bank), *other;
    uint8_t *payload = NULL;
    banks_request(call, 1, &size, &align);
    bool there = galloc_bank_next(call->choice.wants, bank) == bank;
    if (call->args[0] != MP_OBJ_NEW_SMALL_INT(0)) {
        payload = galloc_get_live(own, call->args[0], &usable);
        uint8_t *moved = there ? galloc_locked_realloc(own->heap, payload, size, align) : NULL;
        if (moved != NULL) {
            return banks_handle(own, bank, moved);
        }
    }
    uint8_t *to = banks_find_room(call, size, align, payload != NULL && there ? own : NULL, &other);
    if (to == NULL) {
        return banks_none(call, size, align);
    }
    if (payload != NULL) {
        memcpy(to, payload, size < usable ? size : usable);
        galloc_fault_t fault = galloc_locked_free(own->heap, payload);
        if (fault != GALLOC_OK) {
            galloc_locked_free(other->heap, to);
            galloc_raise_fault(fault);
        }
    }
    return banks_handle(other, call->choice.bank, to);
}

static bool banks_takes_handle(galloc_fun_t fun) {
    static const galloc_fun_t functions[] = {
        galloc_heap_free,  galloc_heap_get32,   galloc_heap_put32,       galloc_heap_get8,
        galloc_heap_put8,  galloc_heap_get16,   galloc_heap_put16,       galloc_heap_view,
        galloc_heap_block, galloc_heap_realloc, galloc_heap_usable_size, galloc_heap_address,
    };
    for (size_t i = 0; i < MP_ARRAY_SIZE(functions); ++i) {
        if (functions[i] == fun) {
            return true;
        }
    }
    return false;
}

static void banks_copy_arguments(banks_call_t *call, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    if (n_args + 2 * n_kw > MP_ARRAY_SIZE(call->args)) {
        galloc_raise_type("too many arguments");
    }
    memcpy(call->args, args, n_args * sizeof(*args));
    call->n_args = n_args;
    call->n_kw = 0;
    call->wanting = false;
    mp_obj_t *to = call->args + n_args;
    for (const mp_obj_t *pair = args + n_args; n_kw > 0; --n_kw, pair += 2) {
        if (pair[0] == MP_OBJ_NEW_QSTR(MP_QSTR_wants)) {
            call->choice.wants = galloc_banks_wanted(pair[1]);
            call->wanting = pair[1] != mp_const_none;
        } else {
            *to++ = pair[0];
            *to++ = pair[1];
            call->n_kw++;
        }
    }
}

mp_obj_t galloc_shared_call(const galloc_method_t *method, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    banks_call_t call = {.method = method, .choice = {method->of, 0, 0}};
    banks_copy_arguments(&call, n_args, n_kw, args);
    bool by_handle = banks_takes_handle(method->fun);
    size_t bank = 0;
    if (by_handle && n_args != 0 && mp_obj_is_small_int(args[0])) {
        // Only of a bank that is open, in which there may be blocks.
        size_t handle = (size_t)MP_OBJ_SMALL_INT_VALUE(args[0]), number = handle >> GALLOC_HANDLE_SHIFT;
        if (number != 0 && number < GALLOC_REGIONS_MAX && call.choice.state->banks[number] != NULL) {
            bank = number;
            call.args[0] = MP_OBJ_NEW_SMALL_INT((mp_int_t)(handle & GALLOC_HANDLE_MASK));
        }
    }
    if (method->fun == galloc_heap_realloc && (call.wanting || bank != 0)) {
        if (!call.wanting) { // it stays in its bank
            galloc_heap_obj_t *own = galloc_shared_bank(call.choice.state, bank);
            galloc_method_count(method, call.n_args, call.n_kw);
            mp_obj_t handle = galloc_heap_realloc(own, call.n_args, call.n_kw, call.args);
            size_t offset = (size_t)MP_OBJ_SMALL_INT_VALUE(handle);
            return offset == 0 ? handle : banks_handle(own, bank, own->region + offset);
        }
        return banks_realloc(&call, bank);
    }
    if (call.wanting && by_handle) {
        galloc_raise_type("a handle is of one bank: no wants");
    }
    if (call.wanting && (method->fun == galloc_heap_malloc || method->fun == galloc_heap_calloc)) {
        return banks_malloc(&call);
    }
    if (call.wanting && method->fun == galloc_heap_alloc) {
        return banks_alloc(&call);
    }
    if (call.wanting) {
        bank = galloc_bank_with(call.choice.wants);
    }
    galloc_heap_obj_t *heap = galloc_shared_bank(call.choice.state, bank);
    galloc_method_count(method, call.n_args, call.n_kw);
    return method->fun(heap, call.n_args, call.n_kw, call.args);
}

#endif
