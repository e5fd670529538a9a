"""The parts of a Mockstore in which nothing moves by itself."""

from mockstore.parts import Options, Parts, in_process_parts, provider_with


def still_parts() -> Parts:
    return in_process_parts(
        provider_with(None),
        seed=0,
        clock="virtual",
        start=None,
        factory=None,
        signature_time="virtual",
        options=Options(),
    )
