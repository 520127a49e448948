// Makes one handler (objects.ts) of several objects: `type App = Join<Device, Join<Location, Join<Thermometer, None>>>`.
//
// Each object is a class of its own; what it does not have is not compiled in. Its members, in which an absent item is -1:
//
//   table(): usize                              its ObjectTable
//   read(instance, resource, item, value): void
//   nextInstance(after): i32                    optional: instance 0 alone
//   nextItem(instance, resource, after): i32    optional: item 0 alone
//   has(instance, resource): bool               optional: all resources of the table that are not executable
//   check(instance, resource, item, value): i32, write(..): i32, unset(instance, resource): void    optional: nothing to write
//   create(instance): i32, remove(instance): i32, execute(instance, resource, arguments, length): i32    optional: Denied
//   streams(resource): bool, stream(instance, resource, ptr, length, offset, isLast): i32    optional: takes a value part by part
//   changed(path): void, news(path): bool       optional
//   acl, owned, disowned                        of the one object that keeps the access control, as in objects.ts

import { Status } from "../board/index";
import { Right } from "./model/core";
import { Path } from "./path";
import { Access, ObjectTable } from "./table";
import { Value } from "./value";

/** Behind the last object. */
@unmanaged
export class None {
  table(_index: i32): usize {
    return 0;
  }

  nextInstance(_object: i32, _after: i32): i32 {
    return -1;
  }

  nextItem(_object: i32, _instance: i32, _resource: i32, _after: i32): i32 {
    return -1;
  }

  has(_object: i32, _instance: i32, _resource: i32): bool {
    return false;
  }

  read(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): void {}

  check(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): i32 {
    return Status.NotFound;
  }

  write(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): i32 {
    return Status.NotFound;
  }

  unset(_object: i32, _instance: i32, _resource: i32): void {}

  create(_object: i32, _instance: i32): i32 {
    return Status.NotFound;
  }

  remove(_object: i32, _instance: i32): i32 {
    return Status.NotFound;
  }

  execute(_object: i32, _instance: i32, _resource: i32, _ptr: usize, _len: i32): i32 {
    return Status.NotFound;
  }

  streams(_object: i32, _resource: i32): bool {
    return false;
  }

  stream(_o: i32, _instance: i32, _resource: i32, _ptr: usize, _len: i32, _offset: i32, _isLast: bool): i32 {
    return Status.NotFound;
  }

  changed(_path: Path): void {}

  news(_path: Path): bool {
    return false;
  }

  acl(_object: i32, _instance: i32, _ssid: i32): i32 {
    return Right.All;
  }

  owned(_object: i32, _instance: i32, _ssid: i32): void {}

  disowned(_object: i32, _instance: i32): void {}
}

/** The object `A` and those of `R`, which is another Join, or None. Place with `memory.data(JOIN_SIZE)`, then `of`. */
@unmanaged
export class Join<A, R> {
  first: A;
  rest: R;

  of(first: A, rest: R): Join<A, R> {
    this.first = first;
    this.rest = rest;
    return this;
  }

  /** Whether the first object is the one. */
  private is(object: i32): bool {
    return changetype<ObjectTable>(this.first.table()).id == object;
  }

  table(index: i32): usize {
    return index == 0 ? this.first.table() : this.rest.table(index - 1);
  }

  nextInstance(object: i32, after: i32): i32 {
    if (!this.is(object)) return this.rest.nextInstance(object, after);
    if (isDefined(this.first.nextInstance)) return this.first.nextInstance(after);
    return after < 0 ? 0 : -1;
  }

  nextItem(object: i32, instance: i32, resource: i32, after: i32): i32 {
    if (!this.is(object)) return this.rest.nextItem(object, instance, resource, after);
    if (isDefined(this.first.nextItem)) return this.first.nextItem(instance, resource, after);
    return after < 0 ? 0 : -1;
  }

  has(object: i32, instance: i32, resource: i32): bool {
    if (!this.is(object)) return this.rest.has(object, instance, resource);
    if (isDefined(this.first.has)) return this.first.has(instance, resource);
    const table = changetype<ObjectTable>(this.first.table());
    return !table.row(table.find(resource)).can(Access.E);
  }

  read(object: i32, instance: i32, resource: i32, item: i32, value: Value): void {
    if (this.is(object)) this.first.read(instance, resource, item, value);
    else this.rest.read(object, instance, resource, item, value);
  }

  check(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (!this.is(object)) return this.rest.check(object, instance, resource, item, value);
    if (isDefined(this.first.check)) return this.first.check(instance, resource, item, value);
    return Status.Ok;
  }

  write(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (!this.is(object)) return this.rest.write(object, instance, resource, item, value);
    if (isDefined(this.first.write)) return this.first.write(instance, resource, item, value);
    return Status.Denied;
  }

  unset(object: i32, instance: i32, resource: i32): void {
    if (!this.is(object)) this.rest.unset(object, instance, resource);
    else if (isDefined(this.first.unset)) this.first.unset(instance, resource);
  }

  create(object: i32, instance: i32): i32 {
    if (!this.is(object)) return this.rest.create(object, instance);
    if (isDefined(this.first.create)) return this.first.create(instance);
    return Status.Denied;
  }

  remove(object: i32, instance: i32): i32 {
    if (!this.is(object)) return this.rest.remove(object, instance);
    if (isDefined(this.first.remove)) return this.first.remove(instance);
    return Status.Denied;
  }

  execute(object: i32, instance: i32, resource: i32, ptr: usize, len: i32): i32 {
    if (!this.is(object)) return this.rest.execute(object, instance, resource, ptr, len);
    if (isDefined(this.first.execute)) return this.first.execute(instance, resource, ptr, len);
    return Status.Denied;
  }

  streams(object: i32, resource: i32): bool {
    if (!this.is(object)) return this.rest.streams(object, resource);
    if (isDefined(this.first.streams)) return this.first.streams(resource);
    return false;
  }

  stream(object: i32, instance: i32, resource: i32, ptr: usize, len: i32, offset: i32, isLast: bool): i32 {
    if (!this.is(object)) return this.rest.stream(object, instance, resource, ptr, len, offset, isLast);
    if (isDefined(this.first.stream)) return this.first.stream(instance, resource, ptr, len, offset, isLast);
    return Status.Denied;
  }

  changed(path: Path): void {
    if (!this.is(path.object)) this.rest.changed(path);
    else if (isDefined(this.first.changed)) this.first.changed(path);
  }

  news(path: Path): bool {
    if (isDefined(this.first.news)) if (this.first.news(path)) return true;
    return this.rest.news(path);
  }

  acl(object: i32, instance: i32, ssid: i32): i32 {
    if (isDefined(this.first.acl)) return this.first.acl(object, instance, ssid);
    return this.rest.acl(object, instance, ssid);
  }

  owned(object: i32, instance: i32, ssid: i32): void {
    if (isDefined(this.first.owned)) this.first.owned(object, instance, ssid);
    else this.rest.owned(object, instance, ssid);
  }

  disowned(object: i32, instance: i32): void {
    if (isDefined(this.first.disowned)) this.first.disowned(object, instance);
    else this.rest.disowned(object, instance);
  }
}

export const JOIN_SIZE: i32 = <i32>offsetof<Join<usize, usize>>();
