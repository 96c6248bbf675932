"""Starts ministack for the local stack, with what 1.5.33 needs adjusted.

The supervisor holds the other end of standard input. When it goes, however it
went, the emulator saves its state and takes the whole process group (the
functions' processes are in it) down with itself.
"""

import contextvars
import os
import signal
import socketserver
import sys
import threading

SAVE_SECONDS = 20

# A warm invocation takes 5 ms instead of 96: answers leave at once, and the
# wait for a function's last log lines is short.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

from ministack.core import lambda_runtime  # noqa: E402

lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.002, 0.25)

from ministack.services import apigateway  # noqa: E402

# A body with a content encoding is bytes whatever its content type says; as
# shipped, compressed JSON is decoded as text and lost.
_encoded = contextvars.ContextVar("encoded", default=False)
_is_text = apigateway._v2_request_body_is_text
_invoke = apigateway._invoke_lambda_proxy


def _body_is_text(content_type):
    return not _encoded.get() and _is_text(content_type)


async def _invoke_lambda_proxy(
    integration, api_id, stage, path, method, headers, *args, **kwargs
):
    encoding = headers.get("content-encoding", "identity")
    _encoded.set(encoding.strip().lower() not in ("", "identity"))
    return await _invoke(
        integration, api_id, stage, path, method, headers, *args, **kwargs
    )


apigateway._v2_request_body_is_text = _body_is_text
apigateway._invoke_lambda_proxy = _invoke_lambda_proxy


from ministack.core import iam_actions  # noqa: E402

# IAM has no actions for batches: one message or ten, the right is the same.
_extract_action = iam_actions.extract_iam_action


def _extract_iam_action(*args, **kwargs):
    action = _extract_action(*args, **kwargs)
    if action and action.startswith("sqs:"):
        return action.removesuffix("Batch")
    return action


iam_actions.extract_iam_action = _extract_iam_action


def _stop_with_supervisor():
    """Waits for the supervisor's end of standard input to close."""
    sys.stdin.buffer.read()
    last_resort = threading.Timer(
        SAVE_SECONDS, os.killpg, (0, signal.SIGKILL)
    )
    last_resort.daemon = True
    last_resort.start()
    os.kill(os.getpid(), signal.SIGTERM)
    _orphaned.set()


_orphaned = threading.Event()

if __name__ == "__main__":
    from ministack.app import main

    threading.Thread(target=_stop_with_supervisor, daemon=True).start()
    sys.argv = ["ministack"]
    main()
    # Only a clean end gets here: what is on disk is what the stack was.
    with open(os.environ["CLEAN_MARK"], "w"):
        pass
    if _orphaned.is_set():
        os.killpg(0, signal.SIGKILL)
    # Threads that still wait for input would be reported as a fatal error.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
