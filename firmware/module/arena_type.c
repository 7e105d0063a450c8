// arena_type.c: Arena: Blocks with one end of life.
//
// Its blocks form a list, each knows its place in it, and all changes happen inside the lock: whatever runs between two
// bytecodes, in an interrupt, or on another core finds an arena that has all of its live blocks and no other.

#include "glue.h"

const char galloc_arena_closed[] = "arena is closed";

// Raises a KeyboardInterrupt that came meanwhile. The arena loses nothing by it here, and a `try` around its `with` catches
// it; the next bytecodes may be behind that.
static void arena_take_break(void) {
    #if !GALLOC_NATMOD
    if (MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
        mp_handle_pending(true);
    }
    #endif
}

mp_obj_t galloc_heap_arena(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    galloc_guard_break();
    galloc_arena_obj_t *self = GLUE_NEW(galloc_arena_obj_t, galloc_arena_type);
    self->heap = self_in;
    self->youngest = NULL;
    self->closed = false;
    return MP_OBJ_FROM_PTR(self);
}

bool galloc_arena_link(galloc_arena_obj_t *arena, galloc_arena_block_t *block) {
    GALLOC_LOCK(arena->heap->heap);
    bool open = !arena->closed;
    if (open) {
        block->next = arena->youngest;
        block->slot = &arena->youngest;
        if (block->next != NULL) {
            block->next->slot = &block->next;
        }
        arena->youngest = block;
    }
    GALLOC_UNLOCK(arena->heap->heap);
    return open;
}

void galloc_arena_unlink(galloc_arena_block_t *block) {
    if (block->slot != NULL) {
        *block->slot = block->next;
        if (block->next != NULL) {
            block->next->slot = block->slot;
        }
        block->next = NULL; // keeps nothing alive
        block->slot = NULL;
    }
}

static void arena_verify(const galloc_arena_obj_t *self) {
    if (self->closed) {
        galloc_raise_value(galloc_arena_closed);
    }
}

mp_obj_t galloc_arena_alloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    galloc_arena_obj_t *self = self_in;
    arena_verify(self);
    mp_obj_t block = galloc_block_alloc(self->heap, self, NULL, n_args, n_kw, args);
    arena_take_break();
    return block;
}

// Frees all blocks, the youngest first; one bad block does not cost the others. NULL, or the text of a ValueError.
static const char *arena_end(galloc_arena_obj_t *self) {
    const char *trouble = galloc_trouble(self->heap);
    bool drop = trouble != NULL;
    trouble = NULL;
    for (bool more = true; more;) {
        GALLOC_LOCK(self->heap->heap);
        self->closed = true;
        galloc_arena_block_t *block = self->youngest;
        galloc_fault_t fault = GALLOC_OK;
        more = block != NULL;
        if (more) {
            fault = galloc_block_release(&block->block, drop);
        }
        GALLOC_UNLOCK(self->heap->heap);
        if (more && drop) {
            trouble = galloc_trouble(self->heap);
        } else if (fault != GALLOC_OK) {
            trouble = galloc_fault_text(fault);
        }
    }
    arena_take_break();
    return trouble;
}

mp_obj_t galloc_arena_enter(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    arena_verify(self_in);
    return MP_OBJ_FROM_PTR(self_in);
}

// free() and __exit__(kind, value, traceback)
mp_obj_t galloc_arena_exit(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_kw;
    return galloc_end_with(arena_end(self_in), n_args, args);
}
