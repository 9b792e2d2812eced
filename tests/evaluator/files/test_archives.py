"""Zip archives: what is read, and what hostile or careless ones are told."""

import errno
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator import SubmissionRejected, evaluate, validate
from evaluator.files.archive import ArchiveLimits, read_member
from evaluator.files.members import FolderMembers
from evaluator.files.source import open_predictions
from evaluator.problems import PROBLEMS, Problem
from tests.evaluator.vis_files import ground_truth, prediction, write

RESULTS = b"[]"
LINK = 0o120777 << 16


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refusal(path: Path) -> Problem:
    with pytest.raises(SubmissionRejected) as rejected:
        open_predictions(path)
    (problem,) = rejected.value.problems
    assert problem.hint == PROBLEMS[problem.code].hint
    return problem


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_usual_compression_is_read(method: int, tmp_path: Path) -> None:
    opened = open_predictions(archive(tmp_path / "a.zip", {"results.json": RESULTS}, method))
    assert (opened.name, bytes(opened.contents), opened.warnings) == ("results.json", RESULTS, ())


def test_an_archive_is_known_by_its_contents_not_by_its_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "d0c5a1", {"results.json": RESULTS})
    assert bytes(open_predictions(path).contents) == RESULTS


def test_what_macos_adds_is_overlooked(tmp_path: Path) -> None:
    members = {"results.json": RESULTS, "__MACOSX/._results.json": b"x", ".DS_Store": b"x"}
    assert open_predictions(archive(tmp_path / "a.zip", members)).warnings == ()


@pytest.mark.parametrize("folder", ["out", "my method/out"])
def test_root_folders_are_accepted_with_a_warning(folder: str, tmp_path: Path) -> None:
    (warning,) = open_predictions(archive(tmp_path / "a.zip", {f"{folder}/results.json": RESULTS})).warnings
    assert (warning.code, warning.severity) == ("archive-root-folder", "warning")
    assert warning.message == f"results.json lies in the folder '{folder}' of the archive."


def test_backslashes_of_windows_separate_folders(tmp_path: Path) -> None:
    members = {"out\\": b"", "out\\results.json": RESULTS, "out\\Thumbs.db": b"x"}
    opened = open_predictions(archive(tmp_path / "a.zip", members))
    assert [warning.code for warning in opened.warnings] == ["archive-backslashes", "archive-root-folder"]
    assert opened.warnings[0].message == "1 name has backslashes, first 'out\\\\results.json'."


@pytest.mark.parametrize("content", [b"", b"[1", b"{}", b"nothing"])
def test_a_bad_file_in_a_folder_has_the_warning_too(content: bytes, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a\\b\\results.json": content})
    codes = [problem.code for problem in validate("ovis", path)]
    assert codes[1:] == ["archive-backslashes", "archive-root-folder"]


def test_json_archive_and_folder_of_the_same_predictions_have_one_digest(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    plain = write(tmp_path / "results.json", [prediction()])
    packed = archive(tmp_path / "a.zip", {"results.json": plain.read_bytes()})
    reports = [evaluate("ovis", truth, path) for path in (plain, packed, tmp_path)]
    assert len({report.digest for report in reports}) == 1
    assert reports[0].metrics == reports[1].metrics == reports[2].metrics


BAD: list[tuple[dict[str, bytes], str, str]] = [
    (
        {"output.json": RESULTS},
        "results-missing",
        "The archive holds no results.json; it holds 'output.json'.",
    ),
    ({}, "results-missing", "The archive holds no results.json; it holds no file at all."),
    (
        {"a/results.json": RESULTS, "b/other.json": RESULTS},
        "results-missing",
        "The archive has 'a/results.json', but results.json must lie at the top, "
        "or everything in one folder.",
    ),
    (
        {"results.json": RESULTS, "old/results.json": RESULTS},
        "results-twice",
        "The archive has 2 files called results.json: 'results.json', 'old/results.json'.",
    ),
    (
        {"../results.json": RESULTS},
        "archive-path",
        "The archive has a member '../results.json': only plain relative names are read.",
    ),
    (
        {"/etc/results.json": RESULTS},
        "archive-path",
        "The archive has a member '/etc/results.json': only plain relative names are read.",
    ),
    (
        {"C:/results.json": RESULTS},
        "archive-path",
        "The archive has a member 'C:/results.json': only plain relative names are read.",
    ),
    (
        {"..\\results.json": RESULTS},
        "archive-path",
        "The archive has a member '..\\\\results.json': only plain relative names are read.",
    ),
    ({"results.json": b""}, "file-empty", "The member 'results.json' has 0 bytes."),
    (
        {f"{index}.txt": b"x" for index in range(1001)},
        "archive-members",
        "The archive lists 1,001 files, but at most 1,000 are read.",
    ),
]


@pytest.mark.parametrize(("members", "code", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_a_bad_archive_is_told_why(
    members: dict[str, bytes], code: str, message: str, tmp_path: Path
) -> None:
    problem = refusal(archive(tmp_path / "a.zip", members))
    assert (problem.code, problem.message, problem.where.file) == (code, message, "a.zip")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("results.json", b"[1]")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("results.json", b"[2]")
    problem = refusal(tmp_path / "a.zip")
    assert problem.code == "archive-duplicate"
    assert problem.message == "The archive has two members called 'results.json'."


def test_a_link_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo("results.json")
        info.create_system = 3
        info.external_attr = LINK
        file.writestr(info, "/etc/passwd")
    problem = refusal(tmp_path / "a.zip")
    assert problem.code == "archive-link"
    assert problem.message == "The member 'results.json' is a symbolic link."


def test_a_bomb_that_says_its_size_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file,
        file.open("results.json", "w") as out,
    ):
        for _ in range(100):
            out.write(bytes(1 << 20))
    problem = refusal(tmp_path / "a.zip")
    assert problem.code == "archive-ratio"
    assert problem.message.endswith("bytes claim to unpack to 104,857,600, beyond 200:1.")


def patch(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def directory_field(content: bytearray, offset: int, value: int) -> None:
    """Overwrite a 32-bit field of the first entry of the archive's table of contents."""
    start = content.index(b"PK\x01\x02")
    content[start + offset : start + offset + 4] = struct.pack("<L", value)


@pytest.mark.parametrize("claimed", [10, 5000])
def test_an_archive_that_lies_about_a_size_is_refused(claimed: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": b"[" + b" " * 1000 + b"]"})
    problem = refusal(patch(path, lambda content: directory_field(content, 24, claimed)))
    assert problem.code == "archive-damaged"


def test_more_than_is_allowed_in_all_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": bytes(600), "more": bytes(600)})
    with pytest.raises(SubmissionRejected) as rejected:
        read_member(path, "results.json", ArchiveLimits(total_bytes=1000))
    (problem,) = rejected.value.problems
    assert problem.code == "archive-size"
    assert problem.message == "The archive unpacks to 1,200 bytes, but at most 1,000 are read."


def test_an_archive_cut_short_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": RESULTS * 100})
    path.write_bytes(path.read_bytes()[:-30])
    problem = refusal(path)
    assert problem.code == "archive-damaged"
    assert problem.message == "The archive has no table of contents at its end; it was cut short."


def test_an_archive_whose_bytes_were_changed_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": b"[12345]"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"12345", b"12346"))
    problem = refusal(path)
    assert problem.code == "archive-damaged"
    assert problem.message == "The archive cannot be read: Bad CRC-32 for file 'results.json'."


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compressed_bytes_are_refused_whatever_the_compression(method: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": RESULTS * 100}, method)

    def spoil(content: bytearray) -> None:
        start = 30 + len("results.json")
        content[start + 4 : start + 14] = b"\xff" * 10

    assert refusal(patch(path, spoil)).code == "archive-damaged"


@pytest.mark.parametrize(("offset", "bits"), [(8, 0x20), (8, 0x40), (6, 0xFF)])
def test_an_archive_that_claims_what_zipfile_cannot_is_refused(
    offset: int, bits: int, tmp_path: Path
) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": RESULTS})

    def claim(content: bytearray) -> None:
        content[content.index(b"PK\x01\x02") + offset] |= bits
        if offset == 8:  # flags stand before each member, too
            content[6] |= bits

    assert refusal(patch(path, claim)).code == "archive-damaged"


def test_an_error_of_the_disk_is_not_blamed_on_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: zipfile.ZipExtFile, n: int = -1) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    path = archive(tmp_path / "a.zip", {"results.json": RESULTS})
    monkeypatch.setattr(zipfile.ZipExtFile, "read", broken)
    with pytest.raises(OSError, match="Input/output error"):
        open_predictions(path)


def test_a_password_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": RESULTS})

    def encrypt(content: bytearray) -> None:
        content[content.index(b"PK\x01\x02") + 8] |= 1

    problem = refusal(patch(path, encrypt))
    assert problem.code == "archive-encrypted"
    assert problem.message == "The member 'results.json' needs a password."


def test_an_unusual_compression_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"results.json": RESULTS})

    def deflate64(content: bytearray) -> None:
        content[content.index(b"PK\x01\x02") + 10] = 9

    problem = refusal(patch(path, deflate64))
    assert problem.code == "archive-compression"
    assert problem.message == "The member 'results.json' is compressed with method 9."


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.json.gz", b"\x1f\x8b\x08\x00", "a gzip file, such as a .tar.gz"),
        ("a.rar", b"Rar!\x1a", "a RAR archive"),
        ("a.pkl", b"\x80\x03\x95", "a Python pickle, such as results.pkl"),
        ("a.npy", b"\x93NUMPY\x01", "a NumPy array (.npy)"),
        ("a.mp4", b"\0\0\0\x18ftypmp42", "an MP4 video"),
        ("a.html", b"<!DOCTYPE html>", "an HTML or XML page"),
        ("a.tar", bytes(257) + b"ustar", "a tar archive"),
        ("a.zip", b"nonsense", "no zip archive in spite of its name: it begins with b'nonsense'"),
    ],
)
def test_other_files_are_called_what_they_are(name: str, content: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    problem = refusal(tmp_path / name)
    assert problem.code == "file-not-recognised"
    assert problem.message == f"Expected JSON or a zip archive, but this is {what}."


@pytest.mark.parametrize(
    ("members", "form"),
    [
        (["arr_0.npy"], "a NumPy archive (.npz)"),
        (["model/data.pkl", "model/data/0"], "a PyTorch checkpoint"),
        (["results.pkl"], "pickles of Python"),
        (["results.zip"], "an archive in an archive: unpack the inner one"),
        (["pred.json", "pan_pred/a/0.png"], "a submission to a panoptic benchmark (pred.json and maps)"),
        (["a/0.png", "a/1.png"], "pictures or maps of segments"),
        (["data/0001.txt"], "text files of tracks, as MOTS and MOTChallenge have them"),
    ],
)
def test_archives_of_other_things_are_called_what_they_are(
    members: list[str], form: str, tmp_path: Path
) -> None:
    problem = refusal(archive(tmp_path / "a.zip", dict.fromkeys(members, b"x")))
    assert problem.code == "results-missing"
    assert f"It looks like {form}" in problem.message


def test_what_desktops_add_is_passed_over_everywhere(tmp_path: Path) -> None:
    litter = [
        "__MACOSX/._results.json",
        "._results.json",
        "sub/._x",
        "sub/Thumbs.db",
        "desktop.ini",
        ".DS_Store",
    ]
    members = {"sub/results.json": b"[]"} | dict.fromkeys(litter, b"x")
    assert bytes(open_predictions(archive(tmp_path / "a.zip", members)).contents) == b"[]"
    for name, content in members.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    assert list(FolderMembers(tmp_path / "folder").names) == ["sub/results.json"]


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "real" / "video").mkdir(parents=True)
    (tmp_path / "real" / "video" / "0.png").touch()
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "maps").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "back").symlink_to(tmp_path / "top")
    assert list(FolderMembers(tmp_path / "top").names) == ["maps/video/0.png"]


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path)
    assert problem.code == "results-missing"
    assert problem.message == f"The folder {tmp_path.name!r} holds no results.json."
    (tmp_path / "inference").mkdir()
    (tmp_path / "inference" / "results.json").write_text("[]")
    assert "but 'inference/results.json': give the path of that" in refusal(tmp_path).message
