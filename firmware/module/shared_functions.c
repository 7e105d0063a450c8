// shared_functions.c: the shared heap as galloc.py has it: galloc.heap(), init(), and each method of Heap as a function.

#include "glue.h"

#include "shared.h"

// --- Opening

static const char shared_held_by_c[] = "C modules hold blocks there";
static const char shared_there_already[] = "the shared heap is already initialised";

// A heap is open on the board's region, where one that was there has ended: who asks for the shared heap gets this one.
// Inside the lock.
static void shared_take_board(galloc_shared_state_t *state, galloc_heap_obj_t *heap, bool attached) {
    if (state->heap == NULL ? attached : state->heap == state->board) {
        state->heap = heap;
        galloc_c_shares(0, heap);
    }
    state->board = heap;
}

#if !GALLOC_NATMOD
// The state that galloc.py made at its import, or NULL: it is the self of galloc.heap. It is not kept in a variable of C,
// which would outlive a soft reset.
static galloc_shared_state_t *shared_find_state(void) {
    mp_map_t *modules = &MP_STATE_VM(mp_loaded_modules_dict).map;
    mp_map_elem_t *elem = mp_map_lookup(modules, MP_OBJ_NEW_QSTR(MP_QSTR_galloc), MP_MAP_LOOKUP);
    if (elem == NULL) {
        return NULL;
    }
    mp_obj_t heap[2];
    mp_load_method_maybe(elem->value, MP_QSTR_heap, heap);
    const galloc_method_t *method = MP_OBJ_TO_PTR(heap[0]);
    bool ours =
        heap[0] != MP_OBJ_NULL && GALLOC_IS_TYPE(heap[0], galloc_method_type) && method->fun == galloc_state_heap;
    return ours ? method->of : NULL;
}
#endif

const char *galloc_shared_open(galloc_opening_t *opening, bool attach, galloc_shared_state_t *init) {
    galloc_guard_break();
    galloc_heap_obj_t *self = opening->self;
    galloc_shared_state_t *state = init;
    #if !GALLOC_NATMOD
    if ((opening->on_board || opening->bank != 0) && state == NULL) {
        state = shared_find_state();
    }
    #endif
    const char *refused = NULL;
    galloc_heap_t *heap = NULL;
    GALLOC_LOCK(self->heap);
    if (init != NULL && (init->heap != NULL || init->opening || galloc_c_has_blocks(0))) {
        refused = shared_there_already;
    } else if (!attach && galloc_c_holds(self->region, self->size)) {
        refused = shared_held_by_c;
    } else {
        heap = attach ? galloc_attach(self->region, self->size) : galloc_heap_init(self, &opening->config);
    }
    if (heap != NULL) {
        galloc_heap_set(self, heap);
        if (init != NULL) {
            init->heap = self;
            galloc_c_shares(0, self);
            init->board = opening->on_board ? self : init->board;
        } else if (opening->on_board && state != NULL) {
            shared_take_board(state, self, attach);
        }
        #if !GALLOC_NATMOD
        if (opening->bank != 0) {
            galloc_c_shares(opening->bank, self);
            if (state != NULL) {
                state->banks[opening->bank] = self;
            }
        }
        #endif
    }
    GALLOC_UNLOCK(self->heap);
    return refused;
}

// --- The functions

// Where the heap of a bank is kept.
static galloc_heap_obj_t **shared_slot(galloc_shared_state_t *state, size_t bank) {
    #if !GALLOC_NATMOD
    if (bank != 0) {
        return &state->banks[bank];
    }
    #endif
    (void)bank;
    return &state->heap;
}

// The heap of a bank if there is one; else *mine says whether the caller is to make it, and nobody else does meanwhile.
static galloc_heap_obj_t *shared_claim(galloc_shared_state_t *state, size_t bank, bool *mine) {
    GALLOC_LOCK(NULL);
    if (bank == 0 && state->heap == NULL && state->board != NULL) {
        state->heap = state->board;
        galloc_c_shares(0, state->heap);
    }
    galloc_heap_obj_t *heap = *shared_slot(state, bank);
    *mine = heap == NULL && !state->opening;
    state->opening = state->opening || *mine;
    GALLOC_UNLOCK(NULL);
    return heap;
}

// What was claimed is made, or could not be.
static void shared_settle(galloc_shared_state_t *state, size_t bank, galloc_heap_obj_t *made) {
    GALLOC_LOCK(NULL);
    state->opening = false;
    if (made->heap != NULL) {
        *shared_slot(state, bank) = made;
        state->board = bank == 0 && galloc_on_board(made) ? made : state->board;
    }
    GALLOC_UNLOCK(NULL);
}

static GLUE_NOINLINE galloc_heap_obj_t *shared_open_bank(galloc_shared_state_t *state, size_t bank) {
    galloc_heap_obj_t *heap = NULL;
    size_t size;
    uint8_t *region = galloc_c_region(bank, &size);
    if (region == NULL) {
        mp_raise_OSError(MP_ENODEV);
    }
    galloc_guard_break();
    galloc_heap_obj_t *made = galloc_heap_new(region, size);
    // Of several callers at the same time one makes the heap, and the others wait for it. It gives back what Python held
    // before a soft reset, and not all of that inside the lock, so nobody may allocate until it is done.
    for (bool mine = false; heap == NULL;) {
        heap = shared_claim(state, bank, &mine);
        if (mine) {
            galloc_heap_set(made, galloc_c_begin(bank, made));
            shared_settle(state, bank, made);
            if (made->heap == NULL) {
                galloc_raise_config(&(galloc_config_t){0});
            }
            heap = made;
        }
    }
    return heap;
}

galloc_heap_obj_t *galloc_shared_get(galloc_shared_state_t *state) {
    galloc_heap_obj_t *heap = state->heap;
    return heap != NULL ? heap : shared_open_bank(state, 0);
}

galloc_heap_obj_t *galloc_shared_bank(galloc_shared_state_t *state, size_t bank) {
    galloc_heap_obj_t *heap = *shared_slot(state, bank);
    return heap != NULL ? heap : shared_open_bank(state, bank);
}

// The bank that heap(wants=None) and initialized(wants=None) are about: the first region's, or that of the first region
// with these attributes, or of the one that has this number in regions().
static size_t shared_parse_bank(size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_val_t value;
    galloc_args_parse(galloc_args_wants, 1, &value, n_args, n_kw, args);
    if (value.u_obj == mp_const_none) {
        return 0;
    }
    #if GALLOC_NATMOD
    mp_raise_OSError(MP_ENODEV); // a native module has no regions of the board
    return 0;
    #else
    size_t count;
    galloc_board_regions(&count);
    return mp_obj_is_small_int(value.u_obj) ? galloc_get_index(value.u_obj, count)
                                            : galloc_bank_with(galloc_banks_wanted(value.u_obj));
    #endif
}

mp_obj_t galloc_state_heap(void *state, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    size_t bank = n_args + n_kw != 0 ? shared_parse_bank(n_args, n_kw, args) : 0;
    return MP_OBJ_FROM_PTR(galloc_shared_bank(state, bank));
}

// init(region=None, size=None, *, smallbins=0, sub_bins=0, bounded_search=False)
mp_obj_t galloc_state_init(void *state_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    galloc_shared_state_t *state = state_in;
    galloc_opening_t opening;
    if (state->heap != NULL) {
        galloc_raise_text(&mp_type_RuntimeError, shared_there_already);
    }
    galloc_heap_parse(&opening, false, n_args, n_kw, args);
    if (opening.bank != 0) {
        galloc_raise_value("another bank cannot be the shared heap: use heap(attributes)");
    }
    return MP_OBJ_FROM_PTR(galloc_heap_open(&opening, false, state));
}

mp_obj_t galloc_state_initialized(void *state, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    size_t bank = n_args + n_kw != 0 ? shared_parse_bank(n_args, n_kw, args) : 0;
    return mp_obj_new_bool(*shared_slot(state, bank) != NULL || galloc_c_has_blocks(bank));
}

static void shared_add(mp_obj_t functions, mp_obj_t name, const galloc_method_t *method, galloc_kind_t kind,
                       galloc_shared_state_t *state) {
    mp_obj_dict_store(functions, name, MP_OBJ_FROM_PTR(galloc_method_bind(method, kind, state)));
}

// shared_functions() -> {name: function}: the methods of Heap on the shared heap; and heap, init, initialized
mp_obj_t galloc_shared_functions(void) {
    galloc_shared_state_t *state = m_new_obj(galloc_shared_state_t);
    memset(state, 0, sizeof(*state));
    // A class has its methods in the order of names.h.
    const mp_obj_type_t *type = galloc_heap_type_at();
    GLUE_HIDE(type);
    const mp_obj_dict_t *methods = MP_OBJ_TYPE_GET_SLOT(type, locals_dict);
    mp_obj_t functions = mp_obj_new_dict(GALLOC_HEAP_PUBLIC + GALLOC_STATE_PUBLIC);
    for (size_t i = 0; i < GALLOC_HEAP_PUBLIC; ++i) {
        const galloc_method_t *method = galloc_method_at(galloc_heap_methods, i);
        shared_add(functions, methods->map.table[i].key, method, GALLOC_KIND_SHARED, state);
    }
    const galloc_name_t *names = galloc_state_names;
    GLUE_HIDE(names);
    for (size_t i = 0; i < GALLOC_STATE_PUBLIC; ++i) {
        const galloc_method_t *method = galloc_method_at(galloc_state_methods, i);
        shared_add(functions, galloc_name_object(names[i]), method, GALLOC_KIND_BOUND, state);
    }
    return functions;
}

// c_share() -> (blocks, bytes, bad frees): what C modules of the firmware hold on the shared heap
mp_obj_t galloc_c_share(void) {
    size_t blocks = 0, bytes = 0, faults = 0;
    #if !GALLOC_NATMOD
    galloc_shared_use(&blocks, &bytes);
    faults = galloc_c_faults;
    #endif
    const mp_obj_t items[] = {galloc_new_uint(blocks), galloc_new_uint(bytes), galloc_new_uint(faults)};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
