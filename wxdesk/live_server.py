"""`wxdesk live` as a process of its own: gevent must replace the sockets before anything else."""

from gevent import monkey

monkey.patch_all()

from wxdesk.plumbing import logs  # noqa: E402
from wxdesk.settings import load  # noqa: E402
from wxdesk.web_server import serve_live  # noqa: E402

if __name__ == "__main__":
    settings = load()
    logs.configure(settings.log_format, "live")
    serve_live(settings)
