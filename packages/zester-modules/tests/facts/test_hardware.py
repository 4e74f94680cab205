from pathlib import Path

import psutil
import pytest

from zester_modules.facts.hardware import cpu, disks, memory
from zester_modules.facts.mounts import mounts
from zester_modules.facts.source import Source


def test_memory_is_what_psutil_sees():
    found = memory(Source())["memory"]
    assert found == {
        "total": psutil.virtual_memory().total,
        "swap_total": psutil.swap_memory().total,
    }


def test_a_host_without_proc_is_an_error_that_the_collector_reports(tmp_path: Path):
    with pytest.raises(OSError, match="meminfo"):
        memory(Source(tmp_path))


def test_the_number_of_processors_is_what_python_sees():
    assert cpu(Source())["cpu"]["count"] == psutil.cpu_count()


def test_disks_are_real_ones_with_size_and_model(tmp_path: Path):
    for name, value in {
        "sda/size": "2048",
        "sda/queue/rotational": "1",
        "sda/device/model": "Samsung  SSD ",
        "nvme0n1/size": "4096",
        "nvme0n1/queue/rotational": "0",
        "sr0/size": "1",
        "loop7/size": "1",
        "dm-0/size": "1",
        "zram0/size": "1",
        "vdb/size": "odd",
    }.items():
        path = tmp_path / "sys/block" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value + "\n")
    found = disks(Source(tmp_path))["disks"]
    assert list(found) == ["nvme0n1", "sda", "vdb"]
    assert found["sda"] == {
        "size": 1024 * 1024,
        "rotational": True,
        "removable": False,
        "model": "Samsung SSD",
    }
    assert found["vdb"]["size"] == 0


def test_the_mounts_of_this_host_have_their_root():
    assert mounts(Source())["mounts"]["/"]["fstype"]


def test_a_source_reads_what_is_no_text_and_misses_what_is_not_there(tmp_path: Path):
    (tmp_path / "odd").write_bytes(b"\xff\xfe ok \n")
    source = Source(tmp_path)
    assert source.text("/odd") == "\ufffd\ufffd ok"
    assert source.text("/missing") == ""
    assert source.link("/missing") == ""
    assert list(source.names("/missing")) == []
    assert not source.exists("/missing")
    assert source.path("/etc/x") == Path(tmp_path / "etc/x")
