#include "extract/api/refusal_gate.h"
#include <stdlib.h>

struct refusal_gate {
    struct refusal_gate_turn *refused; /* wait for what their refusal means */
    struct refusal_gate_turn *asking;  /* wait for their request, in their order */
    struct refusal_gate_turn *probe;   /* whose request will tell, or NULL */
    bool settling;                     /* those who were refused are being told */
};

enum err_code refusal_gate_open(struct refusal_gate **g, struct err *e)
{
    *g = calloc(1, sizeof **g);
    return *g != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

void refusal_gate_close(struct refusal_gate *g)
{
    free(g);
}

static void append(struct refusal_gate_turn **list, struct refusal_gate_turn *turn)
{
    while (*list != NULL)
        list = &(*list)->next;
    turn->next = NULL;
    *list = turn;
}

static void take_out(struct refusal_gate_turn **list, const struct refusal_gate_turn *turn)
{
    while (*list != NULL && *list != turn)
        list = &(*list)->next;
    if (*list != NULL)
        *list = turn->next;
}

static struct refusal_gate_turn *first(struct refusal_gate_turn **list)
{
    struct refusal_gate_turn *turn = *list;
    if (turn != NULL)
        *list = turn->next;
    return turn;
}

static bool in_doubt(const struct refusal_gate *g)
{
    return g->refused != NULL;
}

/* Lets the waiting requests go: all of them, or while some table is refused the first alone, as the probe. */
static void let_go(struct refusal_gate *g)
{
    while (!g->settling && g->asking != NULL && (!in_doubt(g) || g->probe == NULL)) {
        struct refusal_gate_turn *turn = first(&g->asking);
        turn->waiting = false;
        if (in_doubt(g))
            g->probe = turn;
        turn->go(turn->ctx);
    }
}

void refusal_gate_ask(struct refusal_gate *g, struct refusal_gate_turn *turn, refusal_gate_fn *go,
                      void *ctx)
{
    turn->go = go;
    turn->ctx = ctx;
    turn->waiting = true;
    append(&g->asking, turn);
    let_go(g);
}

void refusal_gate_settle(struct refusal_gate *g, bool own)
{
    struct refusal_gate_turn *turn;
    g->probe = NULL;
    g->settling = true;
    while ((turn = first(&g->refused)) != NULL) {
        turn->refused = false;
        (own ? turn->own : turn->all)(turn->ctx);
    }
    g->settling = false;
    let_go(g);
}

void refusal_gate_refused(struct refusal_gate *g, struct refusal_gate_turn *turn,
                          refusal_gate_fn *own, refusal_gate_fn *all, void *ctx)
{
    bool tells = g->probe == turn;
    turn->own = own;
    turn->all = all;
    turn->ctx = ctx;
    turn->refused = true;
    append(&g->refused, turn);
    if (tells)
        refusal_gate_settle(g, false);
}

void refusal_gate_answered(struct refusal_gate *g, struct refusal_gate_turn *turn)
{
    if (g->probe == turn)
        refusal_gate_settle(g, true);
}

void refusal_gate_failed(struct refusal_gate *g, struct refusal_gate_turn *turn)
{
    if (g->probe != turn)
        return;
    g->probe = NULL;
    let_go(g);
}

void refusal_gate_forget(struct refusal_gate *g, struct refusal_gate_turn *turn)
{
    if (turn->waiting)
        take_out(&g->asking, turn);
    if (turn->refused)
        take_out(&g->refused, turn);
    turn->waiting = turn->refused = false;
    refusal_gate_failed(g, turn);
    let_go(g);
}

bool refusal_gate_doubts(const struct refusal_gate *g)
{
    return in_doubt(g);
}

bool refusal_gate_stuck(const struct refusal_gate *g)
{
    return in_doubt(g) && !g->settling && g->probe == NULL && g->asking == NULL;
}
