"""Threads wait for a condition and are woken when it may have changed."""

from threading import Event, Thread

from mockstore.news import News


def test_what_holds_already_is_not_waited_for() -> None:
    assert News().wait_for(lambda: True, 0) is True


def test_what_never_holds_is_given_up() -> None:
    assert News().wait_for(lambda: False, 0.01) is False


def test_a_waiting_thread_is_woken_by_the_news() -> None:
    news, first_checked, condition, notified = News(), Event(), Event(), Event()

    def check() -> bool:
        first_checked.set()
        return condition.is_set()

    def wait() -> None:
        if news.wait_for(check, 30):
            notified.set()

    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    assert first_checked.wait(10)
    condition.set()
    news.tell()

    assert notified.wait(10)
    assert news.count == 1
