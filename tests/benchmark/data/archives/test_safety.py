"""Archives are not trusted: no name leads out of the folder, no link, no bomb."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.archives import safety
from benchmark.data.archives.tars import unpack_tar
from benchmark.errors import RequestError
from tests.benchmark.data.archives.test_zips import read_zip
from tests.datasets.makers import left_in, tarred, zipped


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
@pytest.mark.parametrize("name", ["/abs.txt", "../up.txt", "a/../../up.txt", "..\\up", "C:/x.txt"])
def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path], name: str
) -> None:
    archive = make(tmp_path / "evil", {"fine.txt": b"1", name: b"2"})
    with pytest.raises(RequestError) as caught:
        unpack(archive, tmp_path / "target")
    assert f"'{name}'" in str(caught.value)
    assert str(archive) in str(caught.value)
    assert left_in(tmp_path) == ["evil"]


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
def test_a_decompression_bomb_is_stopped_by_size_and_by_ratio(
    tmp_path: Path,
    make: Callable[..., Path],
    unpack: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = make(tmp_path / "bomb", {"zeros": bytes(1_000_000)})
    with monkeypatch.context() as patch:
        patch.setattr(safety, "LIMIT", 500_000)
        with pytest.raises(RequestError, match=r"unpacks to more than 500,000 bytes, .*limit"):
            unpack(archive, tmp_path / "target")
    monkeypatch.setattr(safety, "RATIO_FLOOR", 1000)
    with pytest.raises(RequestError, match="100 times its own size"):
        unpack(archive, tmp_path / "target")
    assert left_in(tmp_path) == ["bomb"]


@pytest.mark.parametrize(("make", "unpack"), [(zipped, read_zip), (tarred, unpack_tar)])
def test_damaged_archives_and_other_files_leave_no_folder(
    tmp_path: Path, make: Callable[..., Path], unpack: Callable[..., Path]
) -> None:
    random = np.random.default_rng(1)  # seeded: one flip in fifty hits bits that mean nothing
    members = {f"{k}.bin": random.bytes(5000) for k in range(4)}
    whole = make(tmp_path / "whole", members).read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (whole[: middle + 100], whole[:-6], flipped, b"<html>moved</html>", b""):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(RequestError, match=r"bad is not a complete .* archive.*get it again"):
            unpack(tmp_path / "bad", tmp_path / "target")
    assert left_in(tmp_path) == ["bad", "whole"]
