from threading import Event, Thread

from mockstore.news import News


def test_what_holds_already_is_not_waited_for() -> None:
    assert News().wait_for(lambda: True, 0) is True


def test_what_never_holds_is_given_up() -> None:
    assert News().wait_for(lambda: False, 0.01) is False


def test_a_waiting_thread_is_woken_by_the_news() -> None:
    news, looked, happened, heard = News(), Event(), Event(), Event()

    def claim() -> bool:
        looked.set()
        return happened.is_set()

    def wait() -> None:
        if news.wait_for(claim, 30):
            heard.set()

    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    assert looked.wait(10)
    happened.set()
    news.tell()

    assert heard.wait(10)
    assert news.count == 1
