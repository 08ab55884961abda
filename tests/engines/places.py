"""Where the tests run evalml: a PostgreSQL server of their own, the command line."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT_ONLY = os.geteuid() == 0 if hasattr(os, "geteuid") else False


def lacking(reason):
    """Skip, except where `make test-engines` has installed what is missing: then it is a fault."""
    if os.environ.get("EVALML_TEST_ENGINES") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def server_programs():
    """Folder of PostgreSQL's programs, None where there is none."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    return Path(found).parent if found else next(reversed(places), None)


def as_server_user(command):
    """The command as the user PostgreSQL runs under: it refuses the administrator."""
    return ["runuser", "-u", "postgres", "--", *command] if ROOT_ONLY else command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A PostgreSQL server on loopback, and the passwords of its two users."""

    owner, reader = "proprietaire", "lecteur"
    owner_password, reader_password = "mot de passe", "autre:mot/de@passe"

    def __init__(self, port):
        self.port = port

    def url(self, user, name="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def run(self, *statements):
        """Run statements as the owner."""
        with self.connected() as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
            connection.commit()

    def connected(self):
        """A connection of the owner."""
        from adbc_driver_postgresql import dbapi

        os.environ["PGPASSWORD"] = self.owner_password
        try:
            return dbapi.connect(self.url(self.owner))
        finally:
            os.environ["PGPASSWORD"] = self.reader_password

    def load(self, folder, schema):
        """Copy the Parquet files of an extract into a schema that the reader may read."""
        import pyarrow.parquet as pq

        self.run(f"CREATE SCHEMA {schema}")
        with self.connected() as connection:
            for path in sorted(folder.glob("*.parquet")):
                with connection.cursor() as cursor:
                    table = pq.ParquetFile(path).read()
                    cursor.adbc_ingest(path.stem, table, mode="create", db_schema_name=schema)
            connection.commit()
        self.run(
            f"GRANT USAGE ON SCHEMA {schema} TO {self.reader}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {self.reader}",
        )


@contextmanager
def started():
    """Start a server in a temporary folder, with an owner and a reader, and end it."""
    programs = server_programs()
    folder = Path(tempfile.mkdtemp(prefix="evalml-pg-"))
    if ROOT_ONLY:
        shutil.chown(folder, "postgres")
    port = free_port()
    (folder / "password").write_text(Server.owner_password, encoding="utf-8")
    (folder / "password").chmod(0o644)
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", Server.owner]
    command += ["-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync"]
    subprocess.run(as_server_user(command), check=True, capture_output=True)
    # The shell waits on its own input: when this process ends, however it ends, so does the server.
    script = f'"{programs}/postgres" -D "{folder}/data" -p {port} -h 127.0.0.1 -k "{folder}" \
        -c fsync=off >"{folder}/log" 2>&1 & cat >/dev/null; kill -INT $!; wait'
    keeper = subprocess.Popen(as_server_user(["sh", "-c", script]), stdin=subprocess.PIPE)
    try:
        held = Server(port)
        _wait(held)
        held.run(
            f"CREATE ROLE {Server.reader} LOGIN PASSWORD '{Server.reader_password}'",
            f"GRANT CONNECT ON DATABASE postgres TO {Server.reader}",
        )
        yield held
    finally:
        keeper.stdin.close()
        keeper.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server, seconds=60):
    from adbc_driver_manager import Error

    end = time.monotonic() + seconds
    while True:
        try:
            server.connected().close()
        except Error:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def evalml(*arguments, environment=None):
    """Run the command line as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "evalml", *map(str, arguments)],
        cwd=Path(__file__).resolve().parents[2], env={**os.environ, **(environment or {})},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
