// Where it happened, from the further lines of a report: the program counter and the call trace, as the architectures print
// them. Two unrelated faults must not share a function, so functions that only report, wait or take a lock are passed over.
import { functionName } from './stable.ts';

/** Lines of a call trace that are kept. */
const MAX_FRAMES = 300;

/** Where the program counter stood: arm64, arm, riscv, mips, powerpc, x86, loongarch, s390, sparc, csky, m68k. */
const COUNTER =
  /^ {0,4}(?:pc : |PC is at |epc {0,3}: |NIP |RIP: [\da-f]{4}:|EIP: |ERA: |ra {0,4}: |Krnl PSW : [\da-f]{16} |TPC: <|PC: )(.{0,200})/;
const SYMBOL = /^(?:\[?<?(?:0x)?[\da-f]{8,16}>?\]? ?:? ?){0,3}[(<]?([A-Za-z_][\w.$]*)(?:\+0x|\/0x)/;
/** The counter without a name. */
const ADDRESS = /^(?:\[?<?[\da-f]{8,16}>?\]? )?0x(?=[\da-f]*[1-9a-f])[\da-f]{4,16}$/;
/** "caller is foo+0x10/0x20": of code that is preemptible. */
const CALLER = /^caller is ([A-Za-z_][\w.$]*)/;

/** A frame without indentation: as in a log without time stamps, or as riscv, mips, arm and powerpc print it. */
const BARE_FRAME =
  /^(?:\? |(?:\[<?[\da-f]{8,16}>?\] ){1,2})?\(?[A-Za-z_][\w.$]{0,120}(?:\+0x[\da-f]{1,8}\/0x[\da-f]{1,8}|\) from )/;
const FRAME =
  /^(?:\? )?(?:\[<?[\da-f]{8,16}>?\] ){0,2}(?:\([\da-f<>[\]]+\) )?\(?\[?([A-Za-z_][\w.$]*)(?:\+0x|[)\s]|$)/;
/** A frame that has no name: the kernel has no symbols, or it lies outside of it. */
const NAMELESS = /^(?:\[<?[\da-f]{8,16}>?\] ?){0,2}(?:0x)?[\da-f]{8,16}$|^(?:\[<?[\da-f]{8,16}>?\] ?){1,2}$/;

/** Functions of the reporting itself, and of entering the kernel. */
const REPORTERS =
  /^(?:dump_stack|dump_backtrace|show_stack|show_trace|show_regs|unwind_backtrace|walk_stackframe|save_stack|print_|kasan_|__asan|__kasan|__hwasan|kcsan_|__tsan|kmsan_|__msan|kfence_|ubsan_|__ubsan|__warn|warn_slowpath|report_bug|panic|die|__die|oops|no_context|bad_area|do_error_trap|do_trap|do_kern_addr_fault|__bad_area|exc_|asm_|handle_bug|sched_show_task|check_|nmi_|__nmi|lockdep_|mark_lock|__lock_acquire|lock_acquire|lock_release|validate_chain|debug_|__might_|___might_|might_|spin_bug|spin_dump|rwlock_bug|el[01]|ret_from|ret_to|__switch_to|__irq_svc|__do_kernel_fault|do_page_fault|do_bad|do_DataAbort|do_mem_abort|do_sea|arm64_serror|bug_handler|call_break_hook|brk_handler|do_debug_exception|object_err|slab_err|print_trailer|dump_page|bad_page|watchdog_|hrtimer_interrupt|__hrtimer|tick_|update_process_times|trigger_|arch_trigger|rcu_dump|rcu_check|rcu_sched_clock|rcu_pending)/;

/** Functions that take a lock, sleep or wait: not where it happened, but how. */
const WAITS =
  /^(?:_*(?:mutex|rt_mutex|ww_mutex)_|down(?:_|$)|__down|up_|_*rwsem_|call_rwsem|_*percpu_(?:down|rwsem)|_*wait_|do_wait_|out_of_line_wait|bit_wait|_*bit_lock|_*folio_(?:wait|lock)|_*lock_(?:page|buffer|folio)|io_schedule|_*schedule|preempt_|_*cond_resched|_*synchronize_|rcu_|srcu_|__rcu|_*flush_work|prepare_to_wait|finish_wait|_*(?:raw_)?(?:spin|read|write)_|_raw_|do_raw_|arch_spin|_*pv_|native_queued|_*queued_(?:spin|read|write)|rtlock_|kthread_stop|percpu_ref_switch|swait_|__swait|lock_sock|__lock_sock|smp_call_function|csd_lock|msleep|usleep|nanosleep|hrtimer_nanosleep|do_nanosleep|jbd2_log_wait|wb_wait_for|bio_wait|submit_bio_wait|blk_mq_get_tag|bd_prepare_to_claim|clk_prepare_lock|regmap_lock|rpm_(?:resume|suspend)|__pm_runtime|device_lock|__device_(?:driver_)?lock|(?:rtnl|genl|net|cgroup|cpus_read|pipe|i2c_adapter|spi_bus|mdiobus)_lock|freezable_|lock_system_sleep)/;

/** Further ones by the form of their names. On a stack only: code may also fail in a driver's own `foo_lock`. */
const LIKE_WAITS =
  /_wait_for_|(?:^|_)(?:lock|wait)(?:_(?:interruptible|killable|timeout|common|nested|slowpath))*$|^_*(?:cancel_(?:work|delayed_work)|drain_workqueue|async_synchronize_|dma_fence_|on_each_cpu|stop_machine|blk_execute_rq|lock_(?:two_|mount)|schedule_)/;

/** Where the code stood that a report is about. */
export class Place {
  readonly frames: string[] = [];
  #counter: string | undefined;
  #nameless = false;
  #caller: string | undefined;
  #inTrace = false;

  /** A further line of the report. */
  read(message: string): void {
    if (this.#inTrace && message.startsWith(' ')) this.#frame(message);
    else if (/^(?:call trace|backtrace):/i.test(message)) this.#begin(message);
    else if (BARE_FRAME.test(message.slice(0, 300))) this.#frame(message);
    else this.#register(message);
  }

  /** Whether the report has a call trace. */
  get traced(): boolean {
    return this.#inTrace;
  }

  /** The function in which it happened; undefined if the report does not say. `named`: by its first line. */
  culprit(named: string | undefined): string | undefined {
    for (const name of [named, this.#caller, this.#counter])
      if (name !== undefined && isPlace(name)) return name;
    // Without symbols the first name on a stack is not where it happened.
    if (this.#nameless) return undefined;
    let waits: string | undefined;
    for (const frame of this.frames) {
      if (frame.startsWith('?')) continue;
      if (NAMELESS.test(frame)) return waits;
      const name = functionName(FRAME.exec(frame)?.[1]);
      if (name === undefined || !isPlace(name)) continue;
      if (!LIKE_WAITS.test(name)) return name;
      waits ??= name;
    }
    return waits;
  }

  #begin(message: string): void {
    this.#inTrace = true;
    // "Call Trace:[<81ba71fc>] 0x81ba71fc": the first frame on the same line.
    const rest = message.slice(message.indexOf(':') + 1).trim();
    if (rest !== '') this.#frame(rest);
  }

  #frame(message: string): void {
    this.#inTrace = true;
    if (this.frames.length < MAX_FRAMES) this.frames.push(message.trim().slice(0, 300));
  }

  #register(message: string): void {
    const caller = CALLER.exec(message)?.[1];
    if (caller !== undefined) this.#caller ??= functionName(caller);
    if (this.#counter !== undefined || this.#nameless) return;
    const value = COUNTER.exec(message)?.[1];
    if (value === undefined) return;
    const name = SYMBOL.exec(value)?.[1];
    if (name !== undefined) this.#counter = functionName(name);
    // An address without a name; not where a pointer to a function was empty, nor in a process's own code.
    else if (!message.startsWith('RIP: 0033:') && !/^ {0,4}ra /.test(message) && ADDRESS.test(value.trim())) {
      this.#nameless = true;
    }
  }
}

function isPlace(name: string): boolean {
  return !REPORTERS.test(name) && !WAITS.test(name);
}
