/* SPDX-License-Identifier: BSD-3-Clause */
/* glyphs.c - the ten digits, drawn from a few strokes each
 *
 * Our own set: no download, any raster. A sample is a pure function of (seed, split, index): the
 * strokes of its digit are turned, sheared, scaled, shifted and bent at random, drawn with a pen of
 * random width, anti-aliased by the distance to the strokes, and covered with noise. The amounts
 * (reach, below) are chosen such that on 16 x 16 pixels a linear classifier fails on one in eleven
 * and one hidden layer on one in seventy. A network whose input is no square number sees the
 * smallest square raster that has enough pixels, without its last few. */
#include "dataset.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>

struct glyphs {
  uint64_t seed;
  long side;
};

/* Unit square, x to the right and y down. An arc runs around (x, y) with radii (rx, ry) between
 * two angles in degrees, from right (0) through down (90). */
struct stroke {
  enum { NONE, LINE, ARC } shape;
  double x, y;       /* start of a line, centre of an arc */
  double rx, ry;     /* end of a line, radii of an arc */
  double from, till; /* angles of an arc */
};

/* clang-format off */
static const struct stroke digit[10][4] = {
  {{ARC, .50, .50, .26, .38,   0, 360}},
  {{LINE, .34, .28, .52, .12, 0, 0}, {LINE, .52, .12, .52, .88, 0, 0}},
  {{ARC, .50, .34, .24, .22, 180, 395}, {LINE, .70, .47, .26, .88, 0, 0},
   {LINE, .26, .88, .76, .88, 0, 0}},
  {{ARC, .47, .31, .23, .19, 200, 450}, {ARC, .47, .69, .26, .19, -90, 160}},
  {{LINE, .60, .12, .22, .62, 0, 0}, {LINE, .22, .62, .80, .62, 0, 0},
   {LINE, .60, .12, .60, .88, 0, 0}},
  {{LINE, .72, .12, .34, .12, 0, 0}, {LINE, .34, .12, .30, .47, 0, 0},
   {ARC, .48, .64, .25, .24, 225, 510}},
  {{ARC, .50, .66, .24, .22,   0, 360}, {ARC, .74, .66, .48, .54, 180, 260}},
  {{LINE, .24, .12, .76, .12, 0, 0}, {LINE, .76, .12, .42, .88, 0, 0}},
  {{ARC, .50, .31, .20, .19,   0, 360}, {ARC, .50, .69, .25, .19,   0, 360}},
  {{ARC, .50, .34, .24, .22,   0, 360}, {ARC, .26, .34, .48, .54,   0,  80}},
};
/* clang-format on */

/* Which number of the sample: one for each random property, then one for each pixel. Labels use
 * the numbers from DEAL on with b the group of ten. */
enum { TURN, SHEAR, SCALE_X, SCALE_Y, SHIFT_X, SHIFT_Y, BEND_X, BEND_Y, PHASE_X, PHASE_Y, PEN };
enum { DEAL = 16, PIXEL = 32 };

/* How far the random properties reach, in units of the square (radians for the turn). */
static const struct {
  double turn, shear, scale_least, scale_most, shift, bend, pen_least, pen_most, noise;
} reach = {0.25, 0.30, 0.70, 1.05, 0.11, 0.04, 0.035, 0.065, 0.20};

static const double pi = 3.141592653589793238462643383280;

/* One sample's way from the unit square to pixels, and its pen. */
struct drawing {
  double m[2][2], shift[2], bend[2], phase[2];
  double pen;  /* half the width of the stroke, in pixels */
  long side;   /* pixels */
  long inputs; /* pixels in use, row by row */
  double *x;   /* [inputs], borrowed */
};

static double between(uint64_t seed, enum split split, long index, uint64_t which, double least,
                      double most)
{
  return least + (most - least) * rng_uniform(seed, RNG_GLYPH, split, (uint64_t)index, which);
}

static struct drawing pose(const struct glyphs *g, enum split split, long index)
{
#define RANDOM(which, least, most) between(g->seed, split, index, which, least, most)
  double turn = RANDOM(TURN, -reach.turn, reach.turn);
  double shear = RANDOM(SHEAR, -reach.shear, reach.shear);
  double scale_x = RANDOM(SCALE_X, reach.scale_least, reach.scale_most);
  double scale_y = RANDOM(SCALE_Y, reach.scale_least, reach.scale_most);
  double c = cos(turn), s = sin(turn);
  struct drawing d = {
      .m = {{c * scale_x, (c * shear - s) * scale_y}, {s * scale_x, (s * shear + c) * scale_y}},
      .shift = {0.5 + RANDOM(SHIFT_X, -reach.shift, reach.shift),
                0.5 + RANDOM(SHIFT_Y, -reach.shift, reach.shift)},
      .bend = {RANDOM(BEND_X, -reach.bend, reach.bend), RANDOM(BEND_Y, -reach.bend, reach.bend)},
      .phase = {RANDOM(PHASE_X, 0, 2 * pi), RANDOM(PHASE_Y, 0, 2 * pi)},
      .pen = RANDOM(PEN, reach.pen_least, reach.pen_most) * (double)g->side,
      .side = g->side,
  };
#undef RANDOM
  return d;
}

/* Point (x, y) of the unit square, in pixels. A wave along the other axis bends the strokes. */
static void place(const struct drawing *d, double x, double y, double at[2])
{
  double bent_x = x - 0.5 + d->bend[0] * sin(2 * pi * y + d->phase[0]);
  double bent_y = y - 0.5 + d->bend[1] * sin(2 * pi * x + d->phase[1]);

  for (int k = 0; k < 2; k++)
    at[k] = (d->m[k][0] * bent_x + d->m[k][1] * bent_y + d->shift[k]) * (double)d->side;
}

/* First pixel of [0, side) whose centre is at or above `at`. */
static long pixel(double at, long side)
{
  return (long)fmin(fmax(ceil(at - 0.5), 0), (double)side);
}

/* Ink the straight line from p to q: a pixel's ink falls from 1 to 0 over one pixel's width around
 * the edge of the stroke. Strokes that overlap do not add up. */
static void draw_line(const struct drawing *d, const double p[2], const double q[2])
{
  double out = d->pen + 0.5, dx = q[0] - p[0], dy = q[1] - p[1], square = dx * dx + dy * dy;
  long left = pixel(fmin(p[0], q[0]) - out, d->side);
  long right = pixel(fmax(p[0], q[0]) + out, d->side);
  long top = pixel(fmin(p[1], q[1]) - out, d->side);
  long bottom = pixel(fmax(p[1], q[1]) + out, d->side);

  for (long i = top; i < bottom; i++)
    for (long j = left; j < right && i * d->side + j < d->inputs; j++) {
      double x = (double)j + 0.5 - p[0], y = (double)i + 0.5 - p[1];
      double along = square > 0 ? fmin(fmax((x * dx + y * dy) / square, 0), 1) : 0;
      double away_x = x - along * dx, away_y = y - along * dy;
      double ink = fmin(out - sqrt(away_x * away_x + away_y * away_y), 1);
      double *at = &d->x[i * d->side + j];

      if (ink > *at) *at = ink;
    }
}

static void draw_stroke(const struct drawing *d, const struct stroke *s)
{
  int pieces = s->shape == ARC ? (int)ceil((s->till - s->from) / 24) : 4;
  double last[2], next[2];

  for (int k = 0; k <= pieces; k++) {
    double part = (double)k / pieces, angle = (s->from + part * (s->till - s->from)) * pi / 180;

    if (s->shape == ARC)
      place(d, s->x + s->rx * cos(angle), s->y + s->ry * sin(angle), next);
    else
      place(d, s->x + part * (s->rx - s->x), s->y + part * (s->ry - s->y), next);
    if (k > 0) draw_line(d, last, next);
    last[0] = next[0];
    last[1] = next[1];
  }
}

static void glyphs_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                        struct faults *faults)
{
  (void)comm, (void)faults;
  struct glyphs *g = fail_alloc(1, sizeof *g);
  long train = job_integer(job, "data.train"), test = job_integer(job, "data.test");

  g->seed = (uint64_t)job_integer(job, "seed");
  g->side = job_integer(job, "data.side");
  ds->inputs = g->side > 0 ? g->side * g->side : n0;
  if (g->side == 0) g->side = (long)ceil(sqrt((double)n0));
  ds->own = g;
  ds->classes = 10;
  ds->count[TRAIN] = train > 0 ? train : 10000;
  ds->count[TEST] = test > 0 ? test : 1000;
}

/* Ten samples in a row show the ten digits in random order: dealing cards until ours comes. */
static int glyphs_label(const struct dataset *ds, enum split split, long index)
{
  const struct glyphs *g = ds->own;
  int deck[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  int ours = (int)(index % 10);

  for (int k = 0;; k++) {
    int pick = k + (int)rng_below(g->seed, RNG_GLYPH, split, (uint64_t)(index / 10),
                                  (uint64_t)(DEAL + k), (uint64_t)(10 - k));
    int card = deck[pick];

    if (k == ours) return card;
    deck[pick] = deck[k];
  }
}

static void glyphs_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const struct glyphs *g = ds->own;
  const struct stroke *s = digit[glyphs_label(ds, split, index)];
  struct drawing d = pose(g, split, index);

  d.x = x;
  d.inputs = ds->inputs;
  for (long k = 0; k < ds->inputs; k++) x[k] = 0;
  for (int k = 0; k < 4 && s[k].shape != NONE; k++) draw_stroke(&d, &s[k]);
  for (long k = 0; k < ds->inputs; k++) {
    double noise = between(g->seed, split, index, (uint64_t)(PIXEL + k), -reach.noise, reach.noise);
    x[k] = fmin(fmax(x[k] + noise, 0), 1);
  }
}

static void glyphs_close(struct dataset *ds)
{
  free(ds->own);
}

const struct dataset_kind dataset_glyphs = {
    .name = "glyphs",
    .about = "the ten digits drawn from strokes, on a raster of any size (generated)",
    .open = glyphs_open,
    .sample = glyphs_sample,
    .label = glyphs_label,
    .close = glyphs_close,
};
