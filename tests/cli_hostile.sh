#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Files that somebody made to do harm, or that chance made so: headers that promise more than the
# file holds cost no memory, and a run writes to no file but its own, whatever is linked where.
#
#   cli_hostile.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA
patience=30 # a fifo or a loop over what is not there would wait for ever

cat >small.yml <<'END'
network: {widths: [64, 16, 10]}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 20}
record: {every: 10}
checkpoint: {every: 10, keep: 1}
END
ok "the small job" "$program" run small.yml --out run

# --- promises ---
/usr/bin/python3 - <<'END'
import gzip
import os
import h5py
import numpy as np

HUGE = 1 << 40


def data(path, **x):
    with h5py.File(path, "w") as file:
        for split in "train", "test":
            shape = x.pop("shape", (HUGE, 64)) if split == "train" else (4, 64)
            file.create_dataset(f"{split}/x", shape, "f8", **(x if split == "train" else {}))
            file[f"{split}/label"] = np.arange(4) % 2


data("contiguous.h5")
data("chunked.h5", chunks=(16, 64))
data("packed.h5", chunks=(16, 64), compression="gzip")
data("elsewhere.h5", shape=(4, 64), external=[("run/series.h5", 0, 4 * 64 * 8)])
with h5py.File("virtual.h5", "w") as file:
    layout = h5py.VirtualLayout((4, 64), "f8")
    layout[:] = h5py.VirtualSource("run/series.h5", "/t", (4, 64))
    file.create_virtual_dataset("train/x", layout)
    file["train/label"] = file["test/label"] = np.arange(4) % 2
    file["test/x"] = np.zeros((4, 64))
with h5py.File("linked.h5", "w") as file:
    file["train/x"] = h5py.ExternalLink("other.h5", "/train/x")
data("other.h5", shape=(4, 64))


def state(path, widths, job=None):
    with h5py.File(path, "w") as file:
        file["network/widths"] = widths
        for l in range(1, len(widths)):
            file.create_dataset(f"layer{l:02d}/W", (widths[l], widths[l - 1]), "f8", chunks=(1, 1))
        if job:
            file["job/yaml"] = np.bytes_(job)


state("unwritten.h5", [64, 16, 10])
state("wide.h5", [64, 200000, 10], open("run/used.yml").read().replace("16, 10", "200000, 10"))
with h5py.File("rows.h5", "w") as file:
    file.attrs["format"], file.attrs["version"] = np.bytes_("tauflow-series"), 1
    file.create_dataset("t", (HUGE,), "f8", maxshape=(None,), chunks=(1024,))
    file.create_dataset("row", (1, HUGE), "f8", chunks=(1, 1024))
with h5py.File("members.h5", "w") as file:
    file.attrs["format"], file.attrs["version"] = np.bytes_("tauflow-sweep"), 1
    file.attrs["members"] = HUGE
    file.create_group("keys")

os.mkdir("idx")
images = b"\0\0\x08\x03" + b"\xff\xff\xff\xff" + b"\0\0\0\x1c" * 2
labels = b"\0\0\x08\x01" + b"\xff\xff\xff\xff"
zeros = bytes(1 << 20)
for name in "train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1":
    with gzip.open(f"idx/{name}-ubyte.gz", "w") as file:
        file.write(images if "images" in name else labels)
        for _ in range(64):
            file.write(zeros)
os.mkdir("csv")
with gzip.open("csv/optdigits.tra.gz", "w") as file:
    for _ in range(1024):
        file.write(b"1" * (1 << 20))
END

# held WHAT PATTERN ARGUMENTS...: refused with one message, and with little memory.
most=700000 # KiB of address space; the libraries take half of it
held() {
  local what=$1 pattern=$2
  shift 2
  # shellcheck disable=SC2016
  says "$what" 2 "$pattern" bash -c 'ulimit -v "$1"; shift; "$@"' bash "$most" "$program" "$@"
}
from() { held "$1" "$2" run small.yml --out refused --set data.set=file --set data.path="$3" \
  --set data.train=0 --set data.test=0; }

says "memory enough for the small job" 0 'test accuracy' bash -c "ulimit -v $most; '$program' run small.yml --out enough"
from "data never written" 'contiguous.h5: /train/x claims 1099511627776 x 64' contiguous.h5
from "chunks never written" 'chunked.h5: /train/x claims' chunked.h5
from "compressed chunks never written" 'packed.h5: /train/x claims' packed.h5
from "data in another file" 'elsewhere.h5: /train/x claims' elsewhere.h5
from "data of another file" 'virtual.h5: /train/x claims' virtual.h5
from "a link into another file" 'linked.h5: has no dataset /train/x' linked.h5
held "IDX, 4 billion images" 'ends after [0-9]+ bytes; too short for the 4294967295 images' \
  run small.yml --out refused --set data.set=mnist --set data.path=idx --set "network.widths=[784, 10]"
held "an endless line" 'optdigits.tra.gz:1: the line is longer' \
  run small.yml --out refused --set data.set=digits --set data.path=csv
held "weights never written" 'unwritten.h5: /layer01/W claims 16 x 64' \
  run small.yml --out refused --start unwritten.h5
held "widths beyond the file" 'wide.h5: the widths in /network claim 1.48e\+07 weights' evaluate wide.h5
held "members beyond the file" 'members.h5: is a sweep file' info members.h5
# shellcheck disable=SC2016
says "rows beyond the file" 0 '/t .* claims more numbers than the file holds' \
  bash -c 'ulimit -v "$1"; "$2" info rows.h5' bash "$most" "$program"
[ ! -e refused ] || fail "something was written for what was refused"

# --- what is no file ---
mkfifo fifo run/state-99.h5
mkdir fifos
mkfifo fifos/train-images-idx3-ubyte
for odd in fifo /dev/zero; do
  says "$odd as a job" 2 "$odd: is not a file" "$program" run "$odd"
  says "$odd to describe" 2 "$odd: is not a file" "$program" info "$odd"
  says "$odd as a start" 2 "$odd: is not a file" "$program" run small.yml --out refused --start "$odd"
  says "$odd as data" 2 "data.path = .*$odd: no such file" "$program" run small.yml --out refused \
    --set data.set=file --set data.path=$odd
  says "$odd as a machine" 2 "$odd: is not a file" "$program" check small.yml --ranks 2 --machine $odd
done
says "a fifo as IDX" 2 'is not a file' "$program" run small.yml --out refused --set data.set=mnist \
  --set data.path=fifos --set "network.widths=[784, 10]"
says "a fifo as a state" 0 'warning: .*state-99.h5: is not a file' "$program" resume run
rm run/state-99.h5

# --- links: nothing is written through ---
echo precious >precious
cp run/series.h5 precious.h5
cp run/state-20.h5 precious-state.h5
sums() { cksum precious precious.h5 precious-state.h5; }
before=$(sums)

# linked FOLDER: names that a run writes or reads lead to files that are not its own.
linked() {
  local name
  for name in state-10.h5.part state-20.h5.part state-30.h5.part state-30.h5 .state-last job.yml.new \
    used.yml.new summary.yml.new series.h5.part trace.h5.part; do
    ln -sf ../precious "$1/$name"
  done
}
mkdir fresh
linked fresh
for name in job.yml log.txt summary.yml series.h5 trace.h5 state-last.h5 stop; do
  ln -s ../precious fresh/$name
done
ok "a run among links" "$program" run small.yml --out fresh --overwrite
same "precious files after a run" "$(sums)" "$before"
if [ -L fresh/log.txt ] || [ -L fresh/series.h5 ]; then fail "links stay"; fi

linked run
ln -sf ../precious-state.h5 run/state-last.h5
ln -sf ../precious.h5 run/series.h5
ln -sf ../precious run/summary.yml
says "resumed among links" 0 'series.h5: is a symbolic link: it is not written through' \
  "$program" resume run --set present.samples=40
same "the link moved" "$(readlink run/state-last.h5)" state-40.h5
same "precious files after a resume" "$(sums)" "$before"

for kind in link fifo; do
  rm run/log.txt
  if [ $kind = fifo ]; then mkfifo run/log.txt; else ln -s ../precious run/log.txt; fi
  says "a log that is a $kind" 1 'run/log.txt: (is a symbolic link|No such device|is not a file)' \
    "$program" resume run --set present.samples=50
done
same "precious files after a log" "$(sums)" "$before"

# --- names that lead elsewhere ---
says "a name that climbs" 2 'name = \.\./up' "$program" run small.yml --set name=../up
says "a name from the root" 2 'name = /tmp/up' "$program" run small.yml --set name=/tmp/up
finish
