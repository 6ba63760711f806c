/* What mypyc's C calls only where something went wrong: the compiler puts the way there apart, so that a datagram's path
 * through the extensions is fewer cache lines. Included before each file (compile.py). */
#pragma once
#include <Python.h>

__attribute__((cold)) void CPy_AddTraceback(const char *, const char *, int, PyObject *);
__attribute__((cold)) void CPy_AttributeError(const char *, const char *, const char *, const char *, int, PyObject *);
__attribute__((cold)) void CPy_TypeError(const char *, PyObject *);
__attribute__((cold)) void CPy_TypeErrorTraceback(const char *, const char *, int, PyObject *, const char *, PyObject *);
__attribute__((cold, unused)) static void CPy_DecRef(PyObject *);
