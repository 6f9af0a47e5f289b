#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Solver erk against document 001's method written down once more, in NumPy: the same number of
# accepted and rejected steps, the same memory of them, the same state.
#
#   cli_erk.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
start_alone

/usr/bin/python3 - <<'END'
import h5py
import numpy as np

x = np.random.default_rng(3).uniform(-1.5, 1.5, (16, 4))
with h5py.File("data.h5", "w") as f:
    for split in ("train", "test"):
        f[split + "/x"], f[split + "/label"] = x, np.arange(16) % 3
END

cat >small.yml <<'END'
network: {widths: [4, 8, 6, 3], hidden: tanh}
kp: {tau_pot: 1 s, tau_dec: 10 s}
data: {set: file, path: data.h5, order: sequential}
present: {samples: 5}
record: {every: 0}
seed: 4
END

cat >again.py <<'END'
"""The equations of a kp network, Tsitouras 5(4), and the norm and controller of Diffrax."""
import sys

import h5py
import numpy as np

N, TAU, POT, DEC, T, RAMP = (4, 8, 6, 3), 1e-3, 1.0, 10.0, 50e-3, 2e-3
REL, ABS = 2e-3, 1e-5
A = [[], [0.161], [-0.008480655492356989, 0.335480655492357],
     [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
     [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
     [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
     [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774]]
C = [0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1]
ERROR = [-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
         0.5823571654525552, -0.45808210592918697, 1 / 66]
SHAPES = [(n,) for n in N[1:]] * 2 + list(zip(N[1:], N)) + list(zip(N[1:], N[2:]))  # y, z, W, V
NAMES = [f"layer0{l}/{k}" for k in "yzWV" for l in (1, 2, 3) if (k, l) != ("V", 3)]


def load(folder):
    with h5py.File(folder + "/state-last.h5") as f:
        return np.concatenate([f[name][()].ravel() for name in NAMES]), dict(f["solver"].attrs)


def rates(p, u, v):
    parts = np.split(v, np.cumsum([int(np.prod(s)) for s in SHAPES])[:-1])
    parts = [a.reshape(s) for a, s in zip(parts, SHAPES)]
    y, z, W, V = parts[:3], parts[3:6], parts[6:9], parts[9:]
    q = min(u / RAMP, 1)
    b = q * q * (3 - 2 * q)
    unit = np.eye(3)
    x = b * X[p] + ((1 - b) * X[p - 1] if p > 0 else 0)
    target = b * unit[p % 3] + ((1 - b) * unit[(p - 1) % 3] if p > 0 else 0)
    below = [x] + y[:2]
    s = [W[l] @ below[l] for l in range(3)]
    phi = [np.tanh(s[0]), np.tanh(s[1]), s[2]]
    g = [(1 - phi[l] ** 2) * (V[l] @ z[l + 1]) for l in (0, 1)]
    g.append(target - np.exp(s[2]) / np.exp(s[2]).sum())
    d = [(phi[l] - y[l]) / TAU for l in range(3)] + [(g[l] - z[l]) / TAU for l in range(3)]
    d += [np.outer(z[l], below[l]) / POT - W[l] / DEC for l in range(3)]
    d += [np.outer(y[l], z[l + 1]) / POT - V[l] / DEC for l in (0, 1)]
    return np.concatenate([a.ravel() for a in d])


def attempt(p, u, h, v):
    k = []
    for a, c in zip(A, C):
        end = v + h * sum((a_j * k_j for a_j, k_j in zip(a, k)), np.zeros_like(v))
        k.append(rates(p, u + c * h, end))
    error = h * sum(e * k_j for e, k_j in zip(ERROR, k))
    return end, np.sqrt(np.mean((error / (ABS + REL * np.maximum(abs(v), abs(end)))) ** 2))


def integrate(v, P, I, D):
    h, past, count = TAU / 100, [1.0, 1.0], [0, 0]
    for p in range(5):
        u, again = 0, False
        while u < T:
            left = (RAMP if u < RAMP else T) - u
            step = min(h, left)
            end, error = attempt(p, u, step, v)
            good = error <= 1
            factor = 0.9 * error ** (-(P + I + D) / 5) * past[0] ** (-(P + 2 * D) / 5) * past[1] ** (D / 5)
            factor = min(1 if again else 10, max(1 if good else 0.2, factor))
            h = max(h, step * factor) if good and step < h * (1 - 1e-9) else step * factor
            count[not good] += 1
            if good:
                u = u + left if step >= left * (1 - 1e-9) else u + step
                v, past = end, [1 / error, past[0]]
            again = not good
    return v, h, past, count


X = h5py.File("data.h5")["train/x"][()]
start, state, gains = load("start")[0], load(sys.argv[1]), [float(a) for a in sys.argv[2:]]
start[:34] = 0  # y and z: only the weights are from there
v, h, past, count = integrate(start, *gains)
assert abs(start - v).max() > 0.1, "nothing was learned"
assert count == [state[1]["steps"], state[1]["rejected"]] and count[1] > 5, count
assert np.allclose([h, *past], [state[1]["erk_step"], *state[1]["erk_past"]], rtol=1e-6, atol=0), (h, past)
assert abs(state[0] - v).max() < 1e-12, abs(state[0] - v).max()
END

# The initial weights: those of a run in which they do not move.
"$program" run small.yml --out start --set present.samples=1 --set "kp.tau_pot=1e15 s" \
  --set "kp.tau_dec=1e18 s" >/dev/null
for gains in "0 1 0" "0.3 0.4 0" "0.3 0.4 0.05"; do
  read -r p i d <<<"$gains"
  "$program" run small.yml --out "run $gains" --set solver.name=erk --set "solver.pcoeff=$p" \
    --set "solver.icoeff=$i" --set "solver.dcoeff=$d" >/dev/null
  /usr/bin/python3 again.py "run $gains" "$p" "$i" "$d"
done
echo "erk is the method written down in NumPy"
