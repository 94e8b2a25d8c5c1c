from ghpython_components.shared.chart import Chart, Scale
from ghpython_components.shared.client import ACTIVE
from ghpython_components.shared.component import Component
from ghpython_components.shared.text import plain

MANY = 1000  # points of a curve


def follow(bridge, wanted, memory):
    """Fetch what is new in the run, or in the newest one."""
    seen = memory["seen"]
    runs = [] if wanted else bridge.call("runs", query={"limit": 1})["runs"]
    id = wanted or (runs[0]["id"] if runs else None)
    if id is None:
        return {"mark": None, "wanted": wanted, "run": None}
    if id != seen["id"]:
        seen.update(id=id, next=0, rows=[])
    new = bridge.call("run_progress", id=id, query={"since": seen["next"], "preview": 2**31 - 1})
    rows = seen["rows"] + list(zip(new["steps"], new["loss_d"], new["loss_g"], new["frechet"]))
    rows = rows[:: -(1 + len(rows) // MANY)][::-1]  # evenly spread, the newest among them
    seen.update(next=new["next"], rows=rows)
    return {"mark": [id, len(rows), rows[-1:], new["run"]["text"]], "wanted": wanted, "run": new["run"], "rows": rows}


def seconds_to_next(value):
    if value["run"] and value["run"]["state"] in ACTIVE:
        return 1.0
    return None if value["wanted"] else 5.0  # another run may begin


me = Component(ghenv)
me.memory.setdefault("seen", {"id": None})
across, up = [100.0 if width is None else width, 60.0 if height is None else height]
slot = me.ask("losses", run or "", follow, again=seconds_to_next)

discriminator = generator = frechet = axes = points = labels = None
message = "no run yet"
if across <= 0 or up <= 0:
    came = plain(across), plain(up)
    me.tell("width and height: expected lengths above 0, got {0} and {1}.".format(*came), "Error")
elif slot.value and slot.value["run"]:
    rows = slot.value["rows"]
    message = "{0} - {1}".format(slot.value["run"]["model"], slot.value["run"]["text"])
    if len(rows) > 1:
        chart = Chart(plane, across, up)
        steps = [row[0] for row in rows]
        along, loss = Scale(steps), Scale([number for row in rows for number in row[1:3]])
        chart.bottom(along, "steps")
        chart.side(loss, "loss")
        discriminator = chart.curve(steps, [row[1] for row in rows], along, loss)
        generator = chart.curve(steps, [row[2] for row in rows], along, loss)
        fids = [None] + [row[3] for row in rows]
        judged = [row for place, row in enumerate(rows) if row[3] not in (None, fids[place])]
        if len(judged) > 1:
            fid = Scale([0.0] + [row[3] for row in judged])
            chart.side(fid, "FID", right=True)
            frechet = chart.curve([row[0] for row in judged], [row[3] for row in judged], along, fid)
        axes, points, labels = chart.lines, chart.places, chart.labels
me.show(slot, message)
