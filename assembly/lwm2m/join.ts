// Makes one handler (objects.ts) of several objects: `type App = Join<Device, Join<Location, Join<Thermometer, None>>>`.
//
// Each object is a class of its own; what it does not have is not compiled in. Its members, in which an absent item is -1:
//
//   table(): usize                              its ObjectTable
//   read(instance, resource, item, value): void
//   nextInstance(after): i32                    optional: instance 0 alone
//   nextItem(instance, resource, after): i32    optional: item 0 alone
//   has(instance, resource): bool               optional: all resources of the table; not asked of those that are executable
//   check(instance, resource, item, value): i32, write(..): i32, unset(instance, resource): void    optional: nothing to write
//   create(instance): i32, remove(instance): i32, execute(instance, resource, arguments, length): i32    optional: Denied
//   streams(resource): bool, stream(instance, resource, ptr, length, offset, isLast): i32    optional: takes a value part by part
//   changed(path): void, news(path): bool       optional
//   acl, owned, disowned                        of the one object that keeps the access control, as in objects.ts

import { Status } from "../board/index";
import { place } from "../place";
import { Right } from "./model/core";
import { Path } from "./path";
import { ObjectTable } from "./table";
import { Value } from "./value";

/** Behind the last object: what an object is taken to do that does not say otherwise. */
@unmanaged
export class None {
  table(_index: i32): usize {
    return 0;
  }

  nextInstance(_object: i32, after: i32): i32 {
    return after < 0 ? 0 : -1;
  }

  nextItem(_object: i32, _instance: i32, _resource: i32, after: i32): i32 {
    return after < 0 ? 0 : -1;
  }

  has(_object: i32, _instance: i32, _resource: i32): bool {
    return true;
  }

  read(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): void {}

  check(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): i32 {
    return Status.Ok;
  }

  write(_object: i32, _instance: i32, _resource: i32, _item: i32, _value: Value): i32 {
    return Status.Denied;
  }

  unset(_object: i32, _instance: i32, _resource: i32): void {}

  create(_object: i32, _instance: i32): i32 {
    return Status.Denied;
  }

  remove(_object: i32, _instance: i32): i32 {
    return Status.Denied;
  }

  execute(_object: i32, _instance: i32, _resource: i32, _ptr: usize, _len: i32): i32 {
    return Status.Denied;
  }

  streams(_object: i32, _resource: i32): bool {
    return false;
  }

  stream(_o: i32, _instance: i32, _resource: i32, _ptr: usize, _len: i32, _offset: i32, _isLast: bool): i32 {
    return Status.Denied;
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

/** The object `A` and those of `R`, which is another Join, or None. Made by `join`. */
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
    if (isDefined(this.first.nextInstance)) if (this.is(object)) return this.first.nextInstance(after);
    return this.rest.nextInstance(object, after);
  }

  nextItem(object: i32, instance: i32, resource: i32, after: i32): i32 {
    if (isDefined(this.first.nextItem)) if (this.is(object)) return this.first.nextItem(instance, resource, after);
    return this.rest.nextItem(object, instance, resource, after);
  }

  has(object: i32, instance: i32, resource: i32): bool {
    if (isDefined(this.first.has)) if (this.is(object)) return this.first.has(instance, resource);
    return this.rest.has(object, instance, resource);
  }

  read(object: i32, instance: i32, resource: i32, item: i32, value: Value): void {
    if (this.is(object)) this.first.read(instance, resource, item, value);
    else this.rest.read(object, instance, resource, item, value);
  }

  check(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (isDefined(this.first.check)) if (this.is(object)) return this.first.check(instance, resource, item, value);
    return this.rest.check(object, instance, resource, item, value);
  }

  write(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (isDefined(this.first.write)) if (this.is(object)) return this.first.write(instance, resource, item, value);
    return this.rest.write(object, instance, resource, item, value);
  }

  unset(object: i32, instance: i32, resource: i32): void {
    if (isDefined(this.first.unset)) if (this.is(object)) return this.first.unset(instance, resource);
    this.rest.unset(object, instance, resource);
  }

  create(object: i32, instance: i32): i32 {
    if (isDefined(this.first.create)) if (this.is(object)) return this.first.create(instance);
    return this.rest.create(object, instance);
  }

  remove(object: i32, instance: i32): i32 {
    if (isDefined(this.first.remove)) if (this.is(object)) return this.first.remove(instance);
    return this.rest.remove(object, instance);
  }

  execute(object: i32, instance: i32, resource: i32, ptr: usize, len: i32): i32 {
    if (isDefined(this.first.execute)) if (this.is(object)) return this.first.execute(instance, resource, ptr, len);
    return this.rest.execute(object, instance, resource, ptr, len);
  }

  streams(object: i32, resource: i32): bool {
    if (isDefined(this.first.streams)) if (this.is(object)) return this.first.streams(resource);
    return this.rest.streams(object, resource);
  }

  stream(object: i32, instance: i32, resource: i32, ptr: usize, len: i32, offset: i32, isLast: bool): i32 {
    if (isDefined(this.first.stream))
      if (this.is(object)) return this.first.stream(instance, resource, ptr, len, offset, isLast);
    return this.rest.stream(object, instance, resource, ptr, len, offset, isLast);
  }

  changed(path: Path): void {
    if (isDefined(this.first.changed)) if (this.is(path.object)) return this.first.changed(path);
    this.rest.changed(path);
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

/** The object `first` and the objects of `rest`: `join(device, join(location, place<None>()))`. */
@inline
export function join<A, R>(first: A, rest: R): Join<A, R> {
  return place<Join<A, R>>().of(first, rest);
}
