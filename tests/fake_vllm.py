"""Servers on loopback; one that speaks OpenAI completions and vLLM's /pooling as vLLM does."""

import json
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Pool = Callable[[list[int]], list[list[float]]]


class FakeServer:
    """Answers every POST with ``answer``, which a kind of server gives, and every GET with the model it has.

    ``fail``: status codes of the first answers. ``bodies``: what was asked, and where. ``n_looked``: how often its model was.
    """

    def __init__(self, fail: Sequence[int] = (), context: int | None = None) -> None:
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.at_once = self.most_at_once = self.n_looked = 0
        self._fail, self._lock = list(fail), threading.Lock()
        model = {"id": "fake"} | ({"max_model_len": context} if context else {})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    outer.bodies.append((self.path, body))
                    outer.at_once += 1
                    outer.most_at_once = max(outer.at_once, outer.most_at_once)
                    status = outer._fail.pop(0) if outer._fail else 200
                try:
                    self._send(*((status, {"error": "busy"}) if status != 200 else outer.answer(self.path, body)))
                finally:
                    with outer._lock:
                        outer.at_once -= 1

            def do_GET(self) -> None:
                outer.n_looked += 1
                self._send(200, {"data": [model]})

            def _send(self, status: int, answer: dict[str, Any]) -> None:
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status code and the answer."""
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeVLLM(FakeServer):
    """Completions and /pooling of models that are functions of token ids.

    ``pieces``: texts that are drawn, each one token, by a hash of prefix and seed; "" is the end of text.
    ``ids``: takes and gives token ids. ``pool``: rows of a prompt's ids.
    """

    def __init__(
        self,
        tokenizer: Any,
        pieces: Sequence[str] = (),
        *,
        ids: bool = True,
        pool: Pool | None = None,
        fail: Sequence[int] = (),
        context: int = 512,
    ) -> None:
        self.tokenizer, self.ids, self.pool, self.context = tokenizer, ids, pool, context
        self.usage = {"prompt": 0, "completion": 0}
        self._token_ids = [tokenizer.eos_token_id if not p else one_token(tokenizer, p) for p in pieces]
        super().__init__(fail, context)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        prompt = body["input"] if path == "/pooling" else body["prompt"]
        if isinstance(prompt, list) and not self.ids:
            return 400, {"error": "prompt must be a string"}
        ids = prompt if isinstance(prompt, list) else self.tokenizer(prompt)["input_ids"]
        if path == "/pooling":
            assert self.pool and body["task"] == "token_classify"
            usage = {"prompt_tokens": len(ids), "total_tokens": len(ids)}
            return 200, {"data": [{"index": 0, "object": "pooling", "data": self.pool(ids)}], "usage": usage}
        if len(ids) + body["max_tokens"] > self.context:
            return 400, {"error": f"maximum context length is {self.context}"}
        return 200, self._complete(ids, body)

    def _complete(self, prompt: list[int], body: dict[str, Any]) -> dict[str, Any]:
        ids, reason, stopped_by, text = list[int](), "length", None, ""
        while len(ids) < body["max_tokens"]:
            ids.append(self.next(prompt + ids, body.get("seed", 0)))
            if ids[-1] == self.tokenizer.eos_token_id:
                reason = "stop"
                break
            text = self.tokenizer.decode(ids)
            stops = [stop for stop in body.get("stop", []) if stop in text]
            if stops:
                text, reason, stopped_by = text.split(stops[0])[0], "stop", stops[0]
                break
        with self._lock:
            self.usage["prompt"] += len(prompt)
            self.usage["completion"] += len(ids)
        logprobs = [-0.25 * (1 + token % 4) for token in ids]
        choice = {
            "text": text,
            "finish_reason": reason,
            "stop_reason": stopped_by,
            "logprobs": {"tokens": [self.tokenizer.decode([t]) for t in ids], "token_logprobs": logprobs},
        }
        if body.get("return_token_ids"):
            choice |= {"token_ids": ids}
        return {"choices": [choice], "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(ids)}}

    def next(self, prefix: list[int], seed: int) -> int:
        digest = blake2b(json.dumps([prefix, seed]).encode(), digest_size=4).digest()
        return self._token_ids[int.from_bytes(digest, "big") % len(self._token_ids)]


def one_token(tokenizer: Any, text: str) -> int:
    [token] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return int(token)
