"""The command plugin's remote copies, over a real SSH server, keep the official contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.sshd import Sshd
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine


def test_directories_and_files_arrive_where_the_official_plugin_puts_them(stack: Stack, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub" / "empty").mkdir(parents=True)
    (source / "one").write_text("1")
    (source / "sub" / "two words").write_text("2")
    (source / "link").symlink_to("one")
    target = tmp_path / "it's there"
    target.mkdir()
    kept = target / "source" / "one"
    kept.parent.mkdir()
    kept.write_text("older and longer")
    inode = kept.stat().st_ino
    where = {name: str(target / name) for name in ("made/below", "dir", "file", "text/a.txt")}
    done = stack.up(
        f"archive = pulumi.FileArchive({str(source)!r})\n"
        f"copy('into', source=archive, remote_path={str(target)!r})\n"
        f"copy('below', source=archive, remote_path={where['made/below']!r})\n"
        f"copy('entries', source=pulumi.FileArchive({str(source) + '/'!r}), remote_path={where['dir']!r})\n"
        f"copy('file', source=pulumi.FileAsset({str(source / 'one')!r}), remote_path={where['file']!r})\n"
        f"copy('text', source=pulumi.StringAsset('t'), remote_path={where['text/a.txt']!r})\n"
    )
    assert done.returncode == 0, done.stdout
    found = {str(p.relative_to(target)): p.read_text() for p in target.rglob("*") if p.is_file()}
    tree = {"one": "1", "sub/two words": "2", "link": "1"}
    expected = {
        f"{root}/{name}": text for root in ("source", "made/below/source", "dir") for name, text in tree.items()
    }
    assert found == {**expected, "file": "1", "text/a.txt": "t"}
    assert (target / "dir" / "sub" / "empty").is_dir()
    assert kept.stat().st_ino == inode


def test_only_what_changed_is_copied_and_deleting_leaves_the_copy(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one").write_text("1")
    program = f"copy('a', source=pulumi.FileArchive({str(source) + '/'!r}), remote_path={str(tmp_path / 'there')!r})\n"
    arrived = tmp_path / "there" / "one"
    assert "2 created" in stack.up(program).stdout
    arrived.write_text("changed by hand")
    assert "2 unchanged" in stack.up(program).stdout
    assert arrived.read_text() == "changed by hand"
    (source / "one").write_text("2")
    assert "1 updated" in stack.up(program).stdout
    assert arrived.read_text() == "2"
    assert stack.destroy().returncode == 0
    assert arrived.read_text() == "2"
    assert sshd.connections == 2


def test_a_copy_that_cannot_be_made_says_why(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "file").write_text("in the way")
    into = (
        f"copy('a', source=pulumi.FileArchive({str(tmp_path / 'source')!r}), remote_path={str(tmp_path / 'file')!r})\n"
    )
    assert f"failed to create remote directory {tmp_path}/file/source" in stack.refused(into)
    text = f"copy('b', source=pulumi.StringAsset('t'), remote_path={str(tmp_path / 'source')!r})\n"
    assert "remotePath must be a file path" in stack.refused(text)
