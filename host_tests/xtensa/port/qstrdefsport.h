// qstrdefsport.h: no names of its own.
