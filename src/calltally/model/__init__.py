"""The words of calltally: messages, events, calls, queue visits and time, without any input or output."""
