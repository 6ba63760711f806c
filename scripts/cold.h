/* Included before each file (compile.py).
 *
 * What mypyc's C calls only where something went wrong: the compiler puts the way there apart, so that a datagram's path
 * through the extensions is fewer cache lines. */
#pragma once
#include <Python.h>

__attribute__((cold)) void CPy_AddTraceback(const char *, const char *, int, PyObject *);
__attribute__((cold)) void CPy_AttributeError(const char *, const char *, const char *, const char *, int, PyObject *);
__attribute__((cold)) void CPy_TypeError(const char *, PyObject *);
__attribute__((cold)) void CPy_TypeErrorTraceback(const char *, const char *, int, PyObject *, const char *, PyObject *);
__attribute__((cold, unused)) static void CPy_DecRef(PyObject *);

/* An object that is being freed at the bottom of many others waits in the collector's list: one that has no place there
 * (acyclic.py) must not. mypyc does not ask. */
#undef Py_TRASHCAN_BEGIN
#define Py_TRASHCAN_BEGIN(op, dealloc)                                                                              \
    Py_TRASHCAN_BEGIN_CONDITION((op), PyType_IS_GC(Py_TYPE(op)) && Py_TYPE(op)->tp_dealloc == (destructor)(dealloc))
