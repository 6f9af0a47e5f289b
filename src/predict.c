/* SPDX-License-Identifier: BSD-3-Clause */
#include "predict.h"
#include "footprint.h"
#include "pending.h"
#include <stdlib.h>

/* Steps a presentation takes at a tolerance of 1e-3 if layer follows layer, and how many times as
 * many if all step at once, each from its neighbours' past. Nodes of pending products a step. */
static const double STEPS = 45, AT_ONCE = 1.5, NODES_PER_STEP = 0.4;
/* The width in machine.width at which sums of folds are formed at their best rate. */
enum { FOLD_WIDTH = 2 };
/* Pending on average: from 1 to NODES. */
static const double MEAN_NODES = (PENDING_NODES + 1) / 2.0;
/* Of the rows that are chosen, those whose gates are open: 0.51 to 0.54 on MNIST. Of relu units,
 * those that are heard: 0.54 to 0.72, the more the fewer layers. */
static const double OPEN = 0.53, HEARD = 0.6;

struct prediction *predict_create(const struct job *job, const struct model *model)
{
  struct prediction *p = fail_alloc(1, sizeof *p);

  p->job = job;
  p->model = model;
  p->value = fail_alloc((size_t)model->stages, sizeof *p->value);
  p->drive = fail_alloc((size_t)model->stages, sizeof *p->drive);
  for (int k = 0; k < model->stages; k++) {
    p->value[k] = system_value_course(model, k, solver_kind_of(job)->means);
    p->drive[k] = system_drive_course(model, k);
  }
  return p;
}

void predict_destroy(struct prediction *p)
{
  if (!p) return;
  for (int k = 0; k < p->model->stages; k++) {
    course_clear(&p->value[k]);
    course_clear(&p->drive[k]);
  }
  free(p->value);
  free(p->drive);
  free(p);
}

/* --- messages --- */

static void add(struct traffic *sum, int times, struct traffic t)
{
  sum->messages += times * t.messages;
  sum->bytes += times * t.bytes;
}

struct traffic predict_sent(const struct prediction *p, int rank, const struct rounds *rounds)
{
  struct traffic sum = {0};

  for (int k = 0; k < p->model->stages; k++) {
    add(&sum, rounds->values, course_sent(&p->value[k], rank));
    add(&sum, rounds->drives, course_sent(&p->drive[k], rank));
  }
  return sum;
}

struct traffic predict_received(const struct prediction *p, int rank, const struct rounds *rounds)
{
  struct traffic sum = {0};

  for (int k = 0; k < p->model->stages; k++) {
    add(&sum, rounds->values, course_received(&p->value[k], rank));
    add(&sum, rounds->drives, course_received(&p->drive[k], rank));
  }
  return sum;
}

struct traffic predict_all(const struct prediction *p, const struct rounds *rounds)
{
  struct traffic sum = {0};

  for (int r = 0; r < p->model->part->size; r++) add(&sum, 1, predict_sent(p, r, rounds));
  return sum;
}

/* --- work --- */

double predict_steps(const struct job *job)
{
  const double layers = solver_kind_of(job)->serial ? 1 : AT_ONCE;

  return STEPS * layers * cbrt(1e-3 / job_real(job, "solver.relative"));
}

bool predict_knows(const struct job *job)
{
  return solver_kind_of(job)->step.values > 0;
}

/* A rank's side of the prediction: what it works with. */
struct side {
  const struct prediction *p;
  const struct machine *machine;
  const struct machine_rates *rates;
  enum precision precision;
  int rank;
  double unit; /* bytes of a weight */
  double span; /* width of a square matrix of as many weights as it reads in a step */
};

static double rows_of(const struct side *s, int layer)
{
  long lo, hi;

  partition_rows(s->p->model->part, layer, s->rank, &lo, &hi);
  return (double)(hi - lo);
}

static double weights_of(const struct side *s, int k)
{
  const struct synapse *syn = &s->p->model->synapse[k];

  return rows_of(s, syn->layer) * (double)syn->cols;
}

/* Rates are measured again and again on one matrix, so they know in which cache it lies. What a
 * rank reads of in a step is all its matrices but the held input's: together they lie where a
 * single one of that size would. */
static struct side side_of(const struct prediction *p, const struct machine *machine, int rank)
{
  const struct model *m = p->model;
  struct side s = {.p = p,
                   .machine = machine,
                   .rates = m->part->size > 1 ? &machine->together : &machine->alone,
                   .precision = m->net->single ? IN_SINGLE : IN_DOUBLE,
                   .rank = rank,
                   .unit = m->net->single ? sizeof(float) : sizeof(double)};
  double weights = 0;

  for (int k = 0; k < m->synapses; k++)
    if (m->synapse[k].pre != INPUT) weights += weights_of(&s, k);
  s.span = sqrt(weights);
  return s;
}

/* Beyond the widest matrix that was measured in single precision, one of as many bytes was measured
 * in double: bound by memory, both take as long. */
static double rate(const struct side *s, enum machine_kernel kernel, double width)
{
  const double own = machine_rate(s->machine, s->rates, kernel, s->precision, fmax(width, 1));

  if (s->precision == IN_DOUBLE || width <= s->machine->width[MACHINE_WIDTHS - 1]) return own;
  return fmin(own, 2 * machine_rate(s->machine, s->rates, kernel, IN_DOUBLE, width / sqrt(2)));
}

/* The share of its units that are heard. */
static double heard(const struct model *m, int stage)
{
  const int layer = m->stage[stage].layer;
  const bool relu = m->net->hidden == PHI_RELU || m->net->hidden == PHI_CLIPPED_RELU;

  return relu && layer < m->net->L && m->stage[stage].family == ACTIVITY ? HEARD : 1;
}

/* M x: 2 operations for each weight that is read for the drive of a stage. */
static double product(const struct side *s, int stage)
{
  const struct model *m = s->p->model;
  const int k = m->stage[stage].synapse;
  const struct synapse *syn = &m->synapse[k];
  const double weights = weights_of(s, k);

  if (syn->by_columns) return 2 * heard(m, syn->pre) * weights / rate(s, KERNEL_COLUMNS, s->span);
  return 2 * (model_chooses(m, stage) ? OPEN : 1) * weights / rate(s, KERNEL_ROWS, s->span);
}

/* sum_n c_n post_n over half of the nodes on average. Of the held input there are four vectors and
 * the guess of what the step adds. */
static double combination(const struct side *s, int k)
{
  const struct synapse *syn = &s->p->model->synapse[k];
  const double rows = rows_of(s, syn->layer), vectors = syn->pre == INPUT ? 5 : MEAN_NODES;

  return syn->learns ? 2 * vectors * rows / rate(s, KERNEL_COMBINE, rows) : 0;
}

/* The inner products of a value that is met with half of the nodes on average: whole vectors, on
 * every rank that multiplies the value. */
static double meeting(const struct side *s, int stage)
{
  const double n = (double)s->p->model->net->n[s->p->model->stage[stage].layer];

  return s->p->value[stage].wants[s->rank] ? 2 * MEAN_NODES * n / rate(s, KERNEL_ROWS, n) : 0;
}

/* Does a rank fold W and V of a layer together, so that their sums are formed once? */
static bool folds_as_one(const struct side *s, int k)
{
  const struct model *m = s->p->model;
  const struct synapse *a = &m->synapse[k];

  for (int n = 0; n < m->synapses; n++) {
    const struct synapse *b = &m->synapse[n];
    if (b->learns && b->pre == a->post && b->post == a->pre && b->by_columns != a->by_columns &&
        b->tau_pot == a->tau_pot && b->tau_dec == a->tau_dec)
      return rows_of(s, a->layer) == (double)a->rows && rows_of(s, b->layer) == (double)b->rows;
  }
  return false;
}

/* Each weight that learns takes one multiply-add for each node, unless its unit is not heard; and
 * every fold reads and writes all of them. */
static double folding(const struct side *s)
{
  const struct model *m = s->p->model;
  const double narrow = s->machine->width[FOLD_WIDTH], folds = NODES_PER_STEP / (PENDING_NODES - 1);
  double sums = 0, bytes = 0;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    if (!syn->learns || syn->pre == INPUT) continue;
    const int y = m->stage[syn->post].family == ACTIVITY ? syn->post : syn->pre;
    sums += (folds_as_one(s, k) ? 0.5 : 1) * heard(m, y) * weights_of(s, k);
    bytes += weights_of(s, k) * s->unit;
  }
  if (bytes == 0) return 0;
  return fmax(2 * NODES_PER_STEP * sums / rate(s, KERNEL_FOLD, narrow),
              2 * folds * bytes / machine_bandwidth(s->machine, s->rates, bytes));
}

/* A stage's force, exponential update and error, its nodes and copies, and the code between. */
static double elements(const struct side *s, int stage)
{
  const double rows = rows_of(s, s->p->model->stage[stage].layer);
  const enum machine_method method =
      solver_kind_of(s->p->job)->serial ? STAGE_BY_STAGE : ALL_AT_ONCE;

  if (rows == 0) return 0;
  return rows * s->rates->row[method][s->precision] + s->rates->stage[method][s->precision];
}

/* So many operations of a kernel on W_1, or so many bytes of it, whichever takes longer. */
static double on_held(const struct side *s, enum machine_kernel kernel, double each, double touched)
{
  const double weights = weights_of(s, 0), bytes = weights * s->unit;

  if (weights == 0) return 0;
  return fmax(each * weights / rate(s, kernel, sqrt(weights)),
              touched * bytes / machine_bandwidth(s->machine, s->rates, bytes));
}

/* W_1 x_{p-1} and W_1 x_p, by rows in one reading, and one fold of two nodes, which reads and
 * writes. As if no pixel were black. */
static double held_input(const struct side *s)
{
  const bool by_columns = s->p->model->synapse[0].by_columns;

  return on_held(s, by_columns ? KERNEL_COLUMNS : KERNEL_ROWS2, 4, by_columns ? 2 : 1) +
         (s->p->model->synapse[0].learns ? on_held(s, KERNEL_FOLD, 4, 2) : 0);
}

/* Now and then the largest weight is looked for. */
static double looking(const struct side *s)
{
  const double bytes = footprint_of(s->p->job, s->p->model, s->rank).weights;

  return bytes / machine_bandwidth(s->machine, s->rates, fmax(bytes, 1)) / BOUND_EVERY;
}

/* What a rank does in a step, whatever it waits for. */
struct work {
  double products, pending, elements;
  double home; /* of the products, those of vectors that need not travel */
};

static double sum_of(const struct work *w)
{
  return w->products + w->pending + w->elements;
}

/* Is the rank concerned when the stage's value travels? */
static bool travels(const struct prediction *p, int stage, int rank)
{
  return course_sent(&p->value[stage], rank).messages +
             course_received(&p->value[stage], rank).messages >
         0;
}

/* Does the vector that drives a stage travel to the rank, or that of a stage of its layer before
 * it, as lockstep.c asks? */
static bool waits(const struct prediction *p, int stage, int rank)
{
  const struct model *m = p->model;

  for (int k = 0; k <= stage; k++) {
    if (m->stage[k].layer != m->stage[stage].layer || m->stage[k].synapse == NONE) continue;
    const int pre = m->synapse[m->stage[k].synapse].pre;
    if (pre != INPUT && travels(p, pre, rank)) return true;
  }
  return false;
}

/* While one rank is at its whole layer, a serial solver leaves the memory to it alone; but what the
 * other ranks of the machine read in their turn passes through the same caches. */
static struct side side_at(const struct side *s, int k)
{
  struct side at = *s;

  if (!solver_kind_of(s->p->job)->serial || s->p->value[k].owners > 1) return at;
  at.rates = &s->machine->alone;
  at.span *= sqrt(fmin(s->p->model->part->size, s->machine->ranks));
  return at;
}

/* Stage k on this rank: drive, force and step. */
static struct work stage_work(const struct side *s, int k)
{
  const struct model *m = s->p->model;
  const struct side at = side_at(s, k);
  const int syn = m->stage[k].synapse;
  struct work w = {.elements = elements(&at, k)};

  if (syn == NONE) return w;
  w.pending = combination(&at, syn);
  if (m->synapse[syn].pre == INPUT) return w;
  w.products = product(&at, k);
  if (!waits(s->p, k, s->rank)) w.home = w.products;
  return w;
}

static struct work step_work(const struct side *s)
{
  struct work sum = {.pending = folding(s)};

  for (int k = 0; k < s->p->model->stages; k++) {
    const struct work w = stage_work(s, k);
    sum.products += w.products;
    sum.pending += w.pending + meeting(s, k);
    sum.elements += w.elements;
    sum.home += w.home;
  }
  return sum;
}

/* --- time --- */

static double message_time(const struct machine *machine, struct traffic sent, struct traffic got)
{
  const double messages = fmax(sent.messages, got.messages), bytes = fmax(sent.bytes, got.bytes);

  return messages > 0 ? messages * machine->latency + bytes / machine->bandwidth : 0;
}

/* One vector on its course: as long as the rank with most to send or to receive. */
static double hop(const struct prediction *p, const struct course *c, const struct machine *machine)
{
  double most = 0;

  for (int r = 0; r < p->model->part->size; r++)
    most = fmax(most, message_time(machine, course_sent(c, r), course_received(c, r)));
  return most;
}

/* A step of cascade: stage after stage, each as long as its slowest rank and its messages. */
static double serial_step(const struct prediction *p, const struct machine *machine)
{
  double time = 0, folds = 0;

  for (int k = 0; k < p->model->stages; k++) {
    double work = 0, meet = 0;
    for (int r = 0; r < p->model->part->size; r++) {
      const struct side s = side_of(p, machine, r);
      const struct work w = stage_work(&s, k);
      work = fmax(work, sum_of(&w));
      meet = fmax(meet, meeting(&s, k));
      if (k == 0) folds = fmax(folds, folding(&s));
    }
    time += work + hop(p, &p->drive[k], machine) + hop(p, &p->value[k], machine) + meet;
  }
  return time + folds;
}

/* A step of lockstep: as long as its slowest rank, with what each message costs that rank in any
 * case, and what its own products do not hide of their bytes; then whole drives travel, which
 * nothing hides. */
static double joint_step(const struct prediction *p, const struct machine *machine)
{
  const struct rounds values = {.values = 1}, drives = {.drives = 1};
  double time = 0, rest = 0;

  for (int r = 0; r < p->model->part->size; r++) {
    const struct side s = side_of(p, machine, r);
    const struct work w = step_work(&s);
    const struct traffic out = predict_sent(p, r, &values), in = predict_received(p, r, &values);
    const double calls = machine->latency * fmax(out.messages, in.messages);
    const double travel = message_time(machine, out, in) - calls;
    time = fmax(time, sum_of(&w) + calls + fmax(0, travel - w.home));
    rest = fmax(
        rest, message_time(machine, predict_sent(p, r, &drives), predict_received(p, r, &drives)));
  }
  return time + rest;
}

/* Messages of a presentation beside its steps. */
static double take_up_time(const struct prediction *p, const struct machine *machine)
{
  const struct rounds once = solver_kind_of(p->job)->presentation;
  double time = 0;

  for (int k = 0; k < p->model->stages; k++)
    time +=
        once.values * hop(p, &p->value[k], machine) + once.drives * hop(p, &p->drive[k], machine);
  return time;
}

/* A reduction over P ranks takes log P hops. */
static double reduction(const struct prediction *p, const struct machine *machine)
{
  const int size = p->model->part->size;

  return size > 1 ? machine->reduce * log(size) / log(machine->ranks) : 0;
}

bool predict_suffices(const struct machine *machine, int ranks, const char *path,
                      struct faults *faults)
{
  if (ranks == 1 || isfinite(machine->latency + machine->bandwidth + machine->reduce)) return true;
  faults_add(
      faults,
      "--machine %s: latency, bandwidth or reduce is unknown, and %d ranks need them; measure "
      "with mpirun -n 2 tauflow bench",
      path, ranks);
  return false;
}

void predict_time(const struct prediction *p, const struct machine *machine, double steps,
                  double sample, struct forecast *f)
{
  const struct solver_kind *solver = solver_kind_of(p->job);
  double most = -1, held = 0, first = 0;

  *f = (struct forecast){0};
  EXPECT(p->model->part->size == 1 || isfinite(machine->latency));
  for (int r = 0; r < p->model->part->size; r++) {
    const struct side s = side_of(p, machine, r);
    const struct work w = step_work(&s);
    held = fmax(held, held_input(&s));
    first = fmax(first, w.products + looking(&s));
    if (sum_of(&w) <= most) continue;
    most = sum_of(&w);
    f->slowest = r;
    f->products = (steps + 1) * w.products;
    f->pending = steps * w.pending;
    f->elements = steps * w.elements;
  }
  f->input = held + sample;
  f->reducing = (solver->step.reductions * steps + 1) * reduction(p, machine);
  f->total = steps * (solver->serial ? serial_step(p, machine) : joint_step(p, machine)) + first +
             take_up_time(p, machine) + f->input + f->reducing;
  f->waiting = fmax(0, f->total - f->products - f->pending - f->elements - f->input - f->reducing);
}
