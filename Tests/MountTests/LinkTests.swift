import MediaFSTesting
import Testing

extension MountTests {
  /// Hard links through the kernel, and what boto3 finds of them.
  @Suite struct Links {
    @Test func aTreeWithLinksIsTheSameOnAnotherHost() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        try shell(
          """
          cd "$1"; mkdir d e
          echo text > f; ln f d/g; ln d/g e/h; ln -s f s; ln -P s d/s2
          [ $(stat -c %h f) = 3 ]; [ $(stat -c %i f) = $(stat -c %i e/h) ]
          [ $(stat -c %h s) = 2 ]; [ $(stat -c %i s) = $(stat -c %i d/s2) ]
          if ln d x; then exit 1; fi
          if ln f d/g; then exit 1; fi
          """, mount.directory)
        try mount.flush()
        for key in ["media/f", "media/d/g", "media/e/h"] {
          #expect(try stage.bucket.get(key) == "text\n")
        }
        let tree = try succeed(["sh", "-c", Self.listing, "-", mount.directory])
        try mount.unmount()

        let fresh = try stage.mount(cache: "another cache")
        // Once to learn what is one, once to tell.
        try succeed(["sh", "-c", Self.listing, "-", fresh.directory])
        #expect(try succeed(["sh", "-c", Self.listing, "-", fresh.directory]) == tree)
        try shell(
          """
          cd "$1"; echo more >> e/h; cat f; rm d/g; mv e/h e/h2
          [ $(stat -c %h f) = 2 ]; [ "$(tail -1 f)" = more ]
          """, fresh.directory)
        try fresh.flush()
        #expect(try stage.bucket.get("media/f") == "text\nmore\n")
        #expect(try stage.bucket.get("media/e/h2") == "text\nmore\n")
        try fresh.unmount()
      }
    }

    @Test func whatTheKernelCachesFollows() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["metadata.ttl": "1h"])
        try shell(
          """
          cd "$1"
          echo one > f; ln f g; cat f g > /dev/null
          echo two > g; [ "$(cat f)" = two ]
          chmod 600 f; [ $(stat -c %a g) = 600 ]
          ln f h; [ $(stat -c %h g) = 3 ]
          python3 -c 'import os; os.rename("g", "f")'; [ -e g ]; [ -e f ]; [ $(stat -c %h h) = 3 ]
          rm g; [ $(stat -c %h h) = 2 ]; [ $(stat -c %h f) = 2 ]
          exec 3< h; rm f h; [ "$(cat <&3)" = two ]
          [ -z "$(ls)" ]
          """, mount.directory)
        try mount.flush()
        #expect(try stage.bucket.keys().isEmpty)
      }
    }

    /// Kind, count of names, permissions and bytes of everything; equal numbers show as equal
    /// letters.
    private static let listing = """
      set -e; cd "$1"
      find . -mindepth 1 -printf '%i %P %y %m %n %l\\n' | sort -k2 \\
        | awk '{ if (!($1 in seen)) seen[$1] = ++count; $1 = seen[$1]; print }'
      cat f d/g e/h
      """
  }
}
