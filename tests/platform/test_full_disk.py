"""A whole product on a small disk that is filled up to the last byte, and emptied again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.product import Product, wait_until
from tests.support.small_disk import SmallDisk

pytestmark = pytest.mark.chaos
READY = "DVIS-Bench is ready on"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk.mounted(tmp_path / "small", "600m") as disk:
        yield disk


def test_pages_go_on_nothing_is_taken_and_all_goes_on_when_there_is_room(
    product: Callable[..., Product], small_disk: SmallDisk, free_port: int, tmp_path: Path
) -> None:
    one = product(small_disk.folder / "var", **small_disk.environment)
    one.log = tmp_path / "up.log"
    one.start(free_port).wait_for(READY, 120)
    token = one.manage("create_token", "ada").strip()
    headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", "Upload-Length": "1000"}
    with httpx.Client(base_url=one.url, timeout=30) as http:

        def announce() -> int:
            return http.post("/api/v1/uploads", headers=headers).status_code

        if small_disk.is_real:
            assert announce() == 201
        small_disk.fill()
        level = "full" if small_disk.is_real else "nearly full"
        one.wait_for(f"The disk is {level}", 20)
        assert {http.get(path).status_code for _ in range(20) for path in ("/", "/robots.txt")} == {200}
        assert announce() == 507
        assert f"The disk is {level}." in http.get("/status/").text
        disk = next(part for part in http.get("/readyz").json()["parts"] if part["name"] == "disk")
        assert disk["ok"] != small_disk.is_real
        if not small_disk.is_real:
            return
        body = {"upload": "00000000-0000-0000-0000-000000000000", "benchmark": "none", "split": "val"}
        assert http.post("/accounts/login/", data=body).status_code < 500
        small_disk.empty()
        one.wait_for("There is room on the disk", 20)
        wait_until(lambda: announce() == 201, 60)
        assert announce() == 201
        assert http.get("/api/v1/status").json()["disk"] == "ok"
