"""Trainings on a real Ray cluster: a head and two nodes of this machine, with a token. Skipped where Ray is not."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from bridge_server.runs.executors import ray_cluster
from bridge_server.runs.executors.cluster import ClusterProblem

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[3]
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install -e '.[ray]'")
# Ray takes 127.0.0.1 for another name of the machine's address on its network.
SMALL = {
    "object_store_memory": 100_000_000,
    "include_dashboard": False,
    "node_ip_address": "127.0.0.2",
    "env_vars": {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
}


@pytest.fixture(scope="module")
def cluster():
    """A head that trains nothing and two nodes of one CPU, which take only who has the token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
        for _ in range(2):
            cluster.add_node(num_cpus=1, **SMALL)
        yield cluster
        cluster.shutdown()


@pytest.fixture(scope="module")
def server(cluster, start_shared_server):
    return start_shared_server(options=("--ray", cluster.address, "--slots", "3"))


def trainers(cluster) -> dict[psutil.Process, object]:
    """Return the training processes on the nodes, and the node of each."""
    found = {}
    for node in cluster.worker_nodes:
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(raylet(node)).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if "bridge_server.runs.worker" in process.cmdline():
                        found[process] = node
    return found


def raylet(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def wait_for_step(server, id, step=1) -> None:
    """Wait for a step of a run, with patience for the start of its driver and of a node's process."""
    deadline = time.monotonic() + 150
    while (run := server.call("GET", f"/api/runs/{id}")[1])["step"] < step:
        assert time.monotonic() < deadline, run
        assert run["state"] in ("queued", "running"), run
        time.sleep(0.1)


def told(server, runs) -> list[dict]:
    return [server.call("GET", f"/api/runs/{run['id']}")[1] for run in runs]


@needs_ray
def test_two_nodes_train_at_once_and_a_stop_ends_a_training_there(server, cluster, endless):
    runs = [server.start_run(**endless) for _ in range(3)]
    deadline = time.monotonic() + 200
    while len([run for run in told(server, runs) if run["step"]]) < 2:
        assert time.monotonic() < deadline, told(server, runs)
        time.sleep(0.1)
    assert len({raylet(node) for node in trainers(cluster).values()}) == 2
    assert sorted(run["text"] for run in told(server, runs) if not run["step"]) == ["waiting for a node"]
    assert {run["state"] for run in told(server, runs)} == {"running"}, "whose node it is, is Ray's affair"
    assert not server.trainers(), "none trains here"
    pressed = time.monotonic()
    for run in runs:
        server.call("POST", f"/api/runs/{run['id']}/stop")
    for run in runs:
        server.wait_for_run(run["id"], "stopped", seconds=6)
    assert time.monotonic() - pressed < 6
    for process in trainers(cluster):
        server.wait_for_end(process)
    for run in told(server, runs):
        saved = list((server.home / "models" / run["id"] / "checkpoints").glob("*.json"))
        assert bool(saved) == bool(run["step"])


@needs_ray
def test_a_killed_node_costs_no_more_than_since_the_last_checkpoint(server, cluster, short):
    run = server.start_run(model="moved", **{**short, "images": 256, "epochs": 400})
    wait_for_step(server, run["id"], 5)
    (node,) = (node for process, node in trainers(cluster).items() if run["id"] in process.cmdline()[-1])
    doomed = psutil.Process(raylet(node))
    for process in [doomed, *doomed.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    cluster.remove_node(node, allow_graceful=False)
    try:
        ended = server.wait_for_run(run["id"], "succeeded", "failed", "interrupted", seconds=200)
    finally:
        cluster.add_node(num_cpus=1, **SMALL)
    assert ended["state"] == "succeeded", ended
    log = (server.home / "models" / run["id"] / "worker.log").read_text()
    assert log.count("on node ") == 2


@needs_ray
def test_the_server_listens_where_it_says_and_never_loads_ray(server, cluster, endless):
    run = server.start_run(**endless)
    wait_for_step(server, run["id"])
    process = psutil.Process(server.process.pid)
    heard = [each.laddr for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in heard] == [("127.0.0.1", server.port)]
    assert not [each.path for each in process.memory_maps() if "_raylet" in each.path]
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=6)


@needs_ray
def test_a_killed_server_leaves_no_training_on_a_node_and_another_goes_on_with_it(cluster, start_server, endless):
    server = start_server(options=("--ray", cluster.address))
    run = server.start_run(**endless)
    wait_for_step(server, run["id"])
    left = [process for process in trainers(cluster) if run["id"] in process.cmdline()[-1]]
    assert len(left) == 1
    server.kill()
    for process in left:
        server.wait_for_end(process, seconds=15)
    again = start_server(server.home, options=("--ray", cluster.address))
    assert again.call("GET", f"/api/runs/{run['id']}")[1]["state"] == "interrupted"
    again.call("POST", f"/api/runs/{run['id']}/resume")
    wait_for_step(again, run["id"])


@needs_ray
def test_an_address_without_a_cluster_is_refused_in_time_with_what_to_do(cluster):
    began = time.monotonic()
    with pytest.raises(ClusterProblem, match=r"No Ray cluster answers at 127\.0\.0\.1:9"):
        ray_cluster.on_ray("127.0.0.1:9")
    assert time.monotonic() - began < 45


@needs_ray
def test_a_cluster_that_asks_for_no_token_is_refused(monkeypatch):
    script = (
        "import time; from ray.cluster_utils import Cluster\n"
        f"cluster = Cluster(initialize_head=True, head_node_args={{'num_cpus': 0, **{SMALL}}})\n"
        "print(cluster.address, flush=True); time.sleep(120)"
    )
    open_to_all = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=open_to_all) as head:
        try:
            address = head.stdout.readline().strip()
            with pytest.raises(ClusterProblem, match="takes anybody for its user"):
                ray_cluster.on_ray(address)
        finally:
            for process in psutil.Process(head.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            head.kill()


def test_without_ray_a_server_says_what_to_install(server_command, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster.importlib.util, "find_spec", lambda name: None)
    code, _, said = server_command("serve", "--ray", "127.0.0.1:6379", "--port", "0", "--data-dir", str(tmp_path))
    assert code == 1
    assert "ray is not installed: in the project's folder type: " in said
    assert said.strip().endswith("-m pip install -e '.[ray]'" if os.name == "posix" else '"')


@pytest.mark.parametrize("address", ["auto", "6379", "ray://head:10001", "head:", "head:x", "a b:1"])
def test_what_is_no_address_of_a_cluster_is_refused_before_anything_else(server_command, tmp_path, address):
    code, _, said = server_command("serve", "--ray", address, "--data-dir", str(tmp_path / "none"))
    assert code == 2
    assert "expected HOST:PORT" in said
    assert not (tmp_path / "none").exists()
