"""SFTP for the embedded SSH host: the caller's own files, as any `sftp-server` would serve them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import paramiko
from paramiko.sftp import SFTP_EOF, SFTP_OK, SFTP_PERMISSION_DENIED

if TYPE_CHECKING:
    from typing_extensions import Buffer

_T = TypeVar("_T")


class Files(paramiko.SFTPServerInterface):
    """Absolute paths are the machine's, relative ones start in `home`."""

    def __init__(self, server: paramiko.ServerInterface, *args: Any, home: Path, **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        self._home = home

    def canonicalize(self, path: str) -> str:
        return os.path.normpath(self._at(path))

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        return _answer(lambda: [self._entry(self._at(path), name) for name in os.listdir(self._at(path))])

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        return _answer(lambda: paramiko.SFTPAttributes.from_stat(os.stat(self._at(path))))

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return _answer(lambda: paramiko.SFTPAttributes.from_stat(os.lstat(self._at(path))))

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        return _answer(lambda: self._open(self._at(path), flags, attr))

    def remove(self, path: str) -> int:
        return _done(lambda: os.remove(self._at(path)))

    def rename(self, oldpath: str, newpath: str) -> int:
        # SFTP's own rename must not replace a file; linking first makes that one step.
        def move() -> None:
            os.link(self._at(oldpath), self._at(newpath), follow_symlinks=False)
            os.remove(self._at(oldpath))

        return _done(move)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _done(lambda: os.replace(self._at(oldpath), self._at(newpath)))

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return _done(lambda: os.mkdir(self._at(path), attr.st_mode or 0o777))

    def rmdir(self, path: str) -> int:
        return _done(lambda: os.rmdir(self._at(path)))

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return _done(lambda: _change(self._at(path), attr))

    def readlink(self, path: str) -> str | int:
        return _answer(lambda: os.readlink(self._at(path)))

    def symlink(self, target_path: str, path: str) -> int:
        return _done(lambda: os.symlink(target_path, self._at(path)))

    def _at(self, path: str) -> str:
        return os.path.join(self._home, path)

    def _entry(self, folder: str, name: str) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.lstat(os.path.join(folder, name)), name)

    def _open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle:
        mode = attr.st_mode if attr.st_mode is not None else 0o666
        return _Handle(os.open(path, flags | os.O_CLOEXEC, mode), flags)


class _Handle(paramiko.SFTPHandle):
    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, length: int) -> bytes | int:
        return _answer(lambda: os.pread(self._descriptor, length, offset) or SFTP_EOF)

    def write(self, offset: int, data: Buffer) -> int:
        return _done(lambda: self._write_all(offset, bytes(data)))

    def stat(self) -> paramiko.SFTPAttributes | int:
        return _answer(lambda: paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor)))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        return _done(lambda: _change(self._descriptor, attr))

    def _write_all(self, offset: int, data: bytes) -> None:
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written


def _change(what: str | int, attr: paramiko.SFTPAttributes) -> None:
    if attr.st_size is not None:
        os.truncate(what, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(what, attr.st_mode & 0o7777)
    if attr.st_uid is not None and attr.st_gid is not None:
        os.chown(what, attr.st_uid, attr.st_gid)
    if attr.st_atime is not None and attr.st_mtime is not None:
        os.utime(what, (attr.st_atime, attr.st_mtime))


def _answer(ask: Callable[[], _T]) -> _T | int:
    try:
        return ask()
    except OSError as error:
        return _refusal(error)


def _done(act: Callable[[], object]) -> int:
    try:
        act()
    except OSError as error:
        return _refusal(error)
    return SFTP_OK


def _refusal(error: OSError) -> int:
    if error.errno == errno.EPERM:
        return SFTP_PERMISSION_DENIED
    return paramiko.SFTPServer.convert_errno(error.errno or 0)
