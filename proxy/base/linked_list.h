// ListLink is a link of a circular doubly linked list. The elements derive from it, and the list
// itself is a link, too. A link that is in no list is an empty list. Every operation is O(1),
// allocates nothing and owns nothing. Not thread-safe.

#ifndef MANTLET_PROXY_BASE_LINKED_LIST_H_
#define MANTLET_PROXY_BASE_LINKED_LIST_H_

namespace mantlet::base {

struct ListLink {
  ListLink* previous = this;
  ListLink* next = this;

  // Returns whether the list of this link has no other link.
  bool IsAlone() const { return next == this; }

  // Adds `link`, which must be in no list, to the end of this list.
  void Append(ListLink& link) {
    link.previous = previous;
    link.next = this;
    previous->next = &link;
    previous = &link;
  }

  // Removes this link from its list.
  void Unlink() {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }

  // Moves every element of `other` to the end of this list.
  void Splice(ListLink& other) {
    if (other.IsAlone()) return;
    previous->next = other.next;
    other.next->previous = previous;
    other.previous->next = this;
    previous = other.previous;
    other.previous = other.next = &other;
  }
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_LINKED_LIST_H_
