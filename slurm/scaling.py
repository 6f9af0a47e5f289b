#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Gather the runs of a scaling study into one table and draw it.

    slurm/scaling.py DIR

DIR is what slurm/scaling.sh left: one folder STUDY-SOLVER-RANKS a run, with summary.yml, used.yml
and plan.yml (what `tauflow check` foretold). Writes DIR/table.csv and DIR/figure.png.
"""
import csv
import os
import re
import sys

try:
    import matplotlib
except ImportError as missing:
    sys.exit(f"scaling: {missing}: install python3-matplotlib (jobs/setup.sh does)")

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLUMNS = ["study", "ranks", "oversubscribed", "solver", "widths", "presentations_per_s", "steps",
           "ms_per_step", "efficiency", "predicted_ms_per_step", "predicted_efficiency", "messages",
           "messages_foretold", "bytes", "bytes_foretold", "fingerprint"]
COLOURS = {"cascade": "tab:blue", "lockstep": "tab:orange"}


def values(path):
    """The `key: value` lines of a file, inner keys by their own names."""
    with open(path, encoding="utf-8") as file:
        lines = re.findall(r"^\s*(\w+): ([^#\n]*)", file.read(), re.M)
    return {key: text.strip().strip('"') for key, text in lines}


def foretold(plan, what, steps, samples):
    """Messages or bytes of a whole run, by the plan."""
    return round(int(plan[what + "_per_step"]) * steps +
                 int(plan[what + "_per_presentation"]) * samples)


def row_of(folder, study, cores):
    run, plan = values(f"{folder}/summary.yml"), values(f"{folder}/plan.yml")
    steps, samples = int(run["steps"]) + int(run["rejected"]), int(run["samples"])
    ranks, rate = int(run["ranks"]), float(run["samples_per_s"])
    said = plan.get("time_per_presentation_ms")
    return {
        "study": study, "ranks": ranks, "oversubscribed": "yes" if ranks > cores else "no",
        "solver": run["solver"], "widths": values(f"{folder}/used.yml")["widths"],
        "presentations_per_s": rate, "steps": steps / samples,
        "ms_per_step": 1e3 * samples / rate / steps,
        "predicted_ms_per_step": float(said) * samples / steps if said else None,
        "messages": int(run["messages"]),
        "messages_foretold": foretold(plan, "messages", steps, samples),
        "bytes": int(run["bytes_sent"]),
        "bytes_foretold": foretold(plan, "bytes", steps, samples),
        "fingerprint": run["state_fingerprint"]}


def efficiency(first, row, time):
    """Time of a step at the first rank count over that here; of the strong study, times ranks."""
    if not (first[time] and row[time]):
        return None
    shares = row["ranks"] / first["ranks"] if row["study"] == "strong" else 1
    return first[time] / (row[time] * shares)


def gather(folder):
    """Rows of all runs, by study, solver and ranks."""
    cores, rows = int(values(f"{folder}/study.yml")["cores"]), []
    for name in os.listdir(folder):
        found = re.fullmatch(r"(strong|weak)-\w+-\d+", name)
        if found:
            rows.append(row_of(f"{folder}/{name}", found[1], cores))
    if not rows:
        sys.exit(f"scaling: {folder}: no runs")
    rows.sort(key=lambda row: (row["study"], row["solver"], row["ranks"]))
    for row in rows:
        first = next(r for r in rows if r["study"] == row["study"] and r["solver"] == row["solver"])
        row["efficiency"] = efficiency(first, row, "ms_per_step")
        row["predicted_efficiency"] = efficiency(first, row, "predicted_ms_per_step")
    return rows


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{x:.6g}" if isinstance(x, float) else x
                             for key, x in row.items()})


def draw_line(axes, rows, solver):
    colour = COLOURS.get(solver, "tab:green")
    ranks = [row["ranks"] for row in rows]
    axes.plot(ranks, [row["ms_per_step"] for row in rows], color=colour, linewidth=1.4)
    for row in rows:
        axes.plot(row["ranks"], row["ms_per_step"], "o", color=colour, markersize=7,
                  markerfacecolor="white" if row["oversubscribed"] == "yes" else colour)
    said = [(row["ranks"], row["predicted_ms_per_step"]) for row in rows
            if row["predicted_ms_per_step"]]
    if said:
        axes.plot(*zip(*said), "--", color=colour, linewidth=1.2)
    first = rows[0]["ms_per_step"]
    fall = [rows[0]["ranks"] / p if rows[0]["study"] == "strong" else 1 for p in ranks]
    axes.plot(ranks, [first * share for share in fall], ":", color=colour, linewidth=1.6)


def draw_study(axes, study, rows):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for solver in sorted({row["solver"] for row in rows}):
        draw_line(axes, [row for row in rows if row["solver"] == solver], solver)
    ranks = sorted({row["ranks"] for row in rows})
    axes.set_xticks(ranks, [str(p) for p in ranks])
    axes.minorticks_off()
    axes.set_yticks([tick for tick in nice_ticks(rows)], [f"{t:g}" for t in nice_ticks(rows)])
    axes.set_xlabel("ranks")
    axes.set_ylabel("time of a step [ms]")
    axes.set_title({"strong": "strong: the same network",
                    "weak": r"weak: hidden widths grow with $\sqrt{\rm ranks}$"}[study])
    axes.grid(True, color="0.92")
    axes.set_axisbelow(True)


def nice_ticks(rows):
    """1, 2 and 5 times powers of ten around all that is drawn of a study."""
    first = {row["solver"]: row for row in reversed(rows)}
    drawn = [row["ms_per_step"] for row in rows]
    drawn += [row["predicted_ms_per_step"] for row in rows if row["predicted_ms_per_step"]]
    drawn += [first[row["solver"]]["ms_per_step"] * first[row["solver"]]["ranks"] / row["ranks"]
              for row in rows if row["study"] == "strong"]
    ticks = [m * 10.0 ** e for e in range(-6, 7) for m in (1, 2, 5)]
    return [t for t in ticks if min(drawn) / 2.5 < t < 2.5 * max(drawn)]


def draw(path, rows):
    studies = [s for s in ("strong", "weak") if any(row["study"] == s for row in rows)]
    figure, panels = plt.subplots(1, len(studies), figsize=(5.6 * len(studies), 4.6), squeeze=False)
    for axes, study in zip(panels[0], studies):
        draw_study(axes, study, [row for row in rows if row["study"] == study])
    key = [plt.Line2D([], [], color=COLOURS.get(s, "tab:green"), label=s)
           for s in sorted({row["solver"] for row in rows})]
    key.append(plt.Line2D([], [], color="0.3", marker="o", label="measured"))
    if any(row["oversubscribed"] == "yes" for row in rows):
        key.append(plt.Line2D([], [], color="0.3", marker="o", markerfacecolor="white",
                              label="oversubscribed: more ranks than cores"))
    if any(row["predicted_ms_per_step"] for row in rows):
        key.append(plt.Line2D([], [], color="0.3", linestyle="--",
                              label="predicted, with a core a rank"))
    key.append(plt.Line2D([], [], color="0.3", linestyle=":", label="ideal"))
    figure.legend(handles=key, loc="lower center", ncol=3, fontsize="small", frameon=False)
    figure.tight_layout(rect=(0, 0.11, 1, 1))
    figure.savefig(path, dpi=110)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    rows = gather(folder)
    write_table(f"{folder}/table.csv", rows)
    draw(f"{folder}/figure.png", rows)
    print(f"table: {folder}/table.csv\nfigure: {folder}/figure.png")


if __name__ == "__main__":
    main()
