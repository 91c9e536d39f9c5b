"""Batch jobs on a cluster, as far as a machine without Slurm and Kubernetes can hold the examples of docs/batch.md.

A job really runs on workers that a batch system started from job scripts, here dask-jobqueue's own that needs no queue.
What the examples ask Slurm and Kubernetes for is read from the script and the specification that their packages make.
"""

import ast
from pathlib import Path

import pytest

from mobank.batch.execute import execute
from mobank.batch.executors import Dask, Processes
from mobank.batch.job_file import load_job
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).resolve().parents[3]
SMOKE = ROOT / "scenarios" / "batches" / "smoke.yaml"


def example(of):
    """Return the words with which docs/batch.md makes a cluster."""
    text = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```python\n")[1:]]
    calls = [node for block in blocks for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    call = next(c for c in calls if isinstance(c.func, ast.Name) and c.func.id == of)
    return {k.arg: ast.literal_eval(k.value) for k in call.keywords}


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_workers_started_by_a_batch_system_make_the_same_files(tmp_path):
    local = pytest.importorskip("dask_jobqueue.local", reason="dask-jobqueue is not installed")
    job = load_job(SMOKE, MODEL)
    quiet = content(execute(job, tmp_path / "quiet", lambda: Processes(1)).folder)
    with local.LocalCluster(
        cores=1, processes=1, memory="1GB", scheduler_options={"dashboard_address": None, "host": "127.0.0.1"}
    ) as cluster:
        cluster.scale(jobs=2)
        cluster.wait_for_workers(2, timeout=120)
        outcome = execute(job, tmp_path / "jobs", lambda: Dask(cluster.scheduler_address, 2))
    assert content(outcome.folder) == quiet


def test_the_slurm_example_asks_for_one_thread_a_worker():
    jobqueue = pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    options = {"dashboard_address": None, "host": "127.0.0.1"}
    with jobqueue.SLURMCluster(**example("SLURMCluster"), scheduler_options=options) as cluster:
        script = cluster.job_script()
    asked = [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")]
    assert {"-n 1", "--cpus-per-task=1", "--mem=2G", "-t 04:00:00"} <= set(asked)
    assert "--nthreads 1" in script.splitlines()[-1]


def test_the_kubernetes_example_asks_for_one_processor_a_worker():
    operator = pytest.importorskip("dask_kubernetes.operator", reason="dask-kubernetes is not installed")
    asked = example("KubeCluster")
    worker = operator.make_cluster_spec(**asked)["spec"]["worker"]
    assert worker["replicas"] == 100
    (container,) = worker["spec"]["containers"]
    assert container["resources"] == asked["resources"]
    assert container["image"] == asked["image"]
