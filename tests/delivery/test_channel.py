import pickle

from invoicebatch.delivery.channel import Answer, InDoubtError, Message, TemporaryError
from invoicebatch.model.status import OutboxStatus


def test_a_temporary_error_says_how_long_to_wait():
    error = TemporaryError("The server is busy", retry_after=2.0)
    assert error.retry_after == 2.0
    assert str(error) == "The server is busy"


def test_errors_of_doubt_travel_between_processes():
    error = pickle.loads(pickle.dumps(InDoubtError("No answer", "Ask the network")))
    assert (error.message, error.hint) == ("No answer", "Ask the network")


def test_a_message_and_its_answer_are_values():
    assert Message("m1", "0208:0123") == Message("m1", "0208:0123")
    assert Answer(OutboxStatus.ACCEPTED, reference="g1").reference == "g1"
