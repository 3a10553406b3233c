"""calltally tells a team what happens on its phones, whatever phone system it uses."""
