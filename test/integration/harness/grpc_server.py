"""A gRPC server in a process of its own: grpc must not share one with a test that forks."""

import pathlib
import socket
import subprocess
import sys
import time

from .timing import wait_until

FOLDER = pathlib.Path(__file__).parents[1]


class GrpcServer:
    """Serves the methods of `_methods()` on a port that stays the same when it is started again."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = None
        self.start()

    def __str__(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "harness.grpc_server", str(self.port)], cwd=FOLDER,
                                        stdin=subprocess.DEVNULL)
        wait_until(self._answers, 20, "the gRPC server")

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.kill()
        self.process.wait()


def _methods():
    import grpc

    def unary(request, context):
        context.set_trailing_metadata((("x-trailer", "t"), ("x-trailer-bin", b"\x00\xff")))
        return request

    def who(_, context):
        return repr(sorted((key, value) for key, value in context.invocation_metadata())).encode()

    def abort(_, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not nö, 100 %")

    def hang(_, context):
        ended = []
        context.add_callback(lambda: ended.append(True))
        while not ended:
            time.sleep(0.01)
        hung.append(True)
        return b""

    hung = []
    return {
        "/test.Echo/Unary": grpc.unary_unary_rpc_method_handler(unary),
        "/test.Echo/Who": grpc.unary_unary_rpc_method_handler(who),
        "/test.Echo/Both": grpc.stream_stream_rpc_method_handler(lambda requests, _: iter(requests)),
        "/test.Echo/Down": grpc.unary_stream_rpc_method_handler(
            lambda request, _: (request + b"%d" % i for i in range(5))),
        "/test.Echo/Up": grpc.stream_unary_rpc_method_handler(
            lambda requests, _: b"%d" % sum(len(each) for each in requests)),
        "/test.Echo/Abort": grpc.unary_unary_rpc_method_handler(abort),
        "/test.Echo/Hang": grpc.unary_unary_rpc_method_handler(hang),
        "/test.Echo/Ended": grpc.unary_unary_rpc_method_handler(lambda *_: b"%d" % len(hung)),
        # SERVING, as the health protocol has it: field 1, a varint, 1.
        "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(lambda *_: b"\x08\x01"),
    }


def main(port):
    import concurrent.futures

    import grpc

    methods = _methods()

    class Methods(grpc.GenericRpcHandler):
        def service(self, call):
            return methods.get(call.method)

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(128), handlers=[Methods()],
                         options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    assert server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
